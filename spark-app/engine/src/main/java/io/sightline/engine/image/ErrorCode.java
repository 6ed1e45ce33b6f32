package io.sightline.engine.image;

import java.util.Locale;

/** Why an image failed: the stable codes of the result contract. */
public enum ErrorCode {
  EMPTY,
  UNSUPPORTED_TYPE,
  TRUNCATED,
  CORRUPT,
  TOO_MANY_PIXELS,
  TOO_LARGE,
  UNKNOWN_MODEL,
  MODEL_UNAVAILABLE,
  INTERNAL;

  private final String text = name().toLowerCase(Locale.ROOT).replace('_', '-');

  /** The code as results and dead letters spell it, for example {@code too-many-pixels}. */
  public String text() {
    return text;
  }
}
