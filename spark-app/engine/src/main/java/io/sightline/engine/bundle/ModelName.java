package io.sightline.engine.bundle;

import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model's name, with a version or without one ({@code null}: the highest installed).
 *
 * <p>Both parts become folder names, so only letters, digits and {@code . _ -} pass, never a leading dot.
 */
public record ModelName(String name, String version) {
  /** Longer names would pass the file system's 255 bytes only sometimes, and no model is called so. */
  private static final int MAX_NAME = 100;

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0," + (MAX_NAME - 1) + "}");
  /** Nine digits at most, so that every version is an int. */
  private static final Pattern VERSION = Pattern.compile("0|[1-9][0-9]{0,8}");

  private static final Pattern REFERENCE = Pattern.compile("(" + NAME + ")(?:@(" + VERSION + "))?");

  public ModelName {
    Objects.requireNonNull(name);
    if (!NAME.matcher(name).matches() || (version != null && !isVersion(version))) {
      throw new IllegalArgumentException("not a model name: " + name + (version == null ? "" : "@" + version));
    }
  }

  /** Parses {@code name} or {@code name@version}; empty when the text is neither. */
  public static Optional<ModelName> parse(String text) {
    Matcher matcher = REFERENCE.matcher(text);
    return matcher.matches() ? Optional.of(new ModelName(matcher.group(1), matcher.group(2))) : Optional.empty();
  }

  static boolean isVersion(String text) {
    return VERSION.matcher(text).matches();
  }

  ModelName at(String otherVersion) {
    return new ModelName(name, otherVersion);
  }

  /** Of two that have versions. */
  boolean isHigherThan(ModelName other) {
    return Integer.parseInt(version) > Integer.parseInt(other.version);
  }

  @Override
  public String toString() {
    return version == null ? name : name + "@" + version;
  }
}
