package io.sightline.engine.bundle;

import io.sightline.engine.nn.Calibration;
import io.sightline.engine.nn.NetworkSource;
import io.sightline.engine.nn.OutputKind;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * One version of one model: what {@code model.json} says, with every file's digest checked.
 *
 * @param calibration what whole numbers need to know, if the model was calibrated
 * @param digest of what definition and parameters contain
 */
public record Bundle(
    Path directory,
    ModelName id,
    Path definition,
    Path parameters,
    InputSpec input,
    OutputKind output,
    Optional<Calibration> calibration,
    String digest,
    List<String> labels,
    String licence,
    String origin) {

  public Bundle {
    labels = List.copyOf(labels);
  }

  /**
   * Reads and checks the bundle in {@code directory} (…/NAME/VERSION).
   *
   * @throws BundleException if a file is missing, unreadable or not what its digest says, or {@code model.json} is not
   *     valid
   */
  public static Bundle read(Path directory) throws BundleException {
    return new BundleReader(directory).read();
  }

  public String name() {
    return id.name();
  }

  public String version() {
    return id.version();
  }

  /** What the engine runs. */
  public NetworkSource source() {
    return new NetworkSource(id.toString(), definition, parameters, input.channels(), input.height(), input.width(),
        labels.size(), output, calibration, Optional.empty(),
        Optional.of(digest));
  }
}
