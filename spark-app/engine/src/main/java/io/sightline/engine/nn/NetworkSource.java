package io.sightline.engine.nn;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * A saved BigDL model and the tensors that go in and out of it.
 *
 * @param name for messages
 * @param definition the module's protobuf file
 * @param parameters its weights, as {@code saveModel} puts them beside the definition
 * @param outputs how many numbers come out per image: probabilities, or features
 * @param calibration what whole numbers need to know, if the model was calibrated
 * @param layer the layer whose values come out as they are, instead of probabilities, if any
 * @param digest of what both files contain, if somebody has checked it: networks that have one can be kept
 */
public record NetworkSource(
    String name, Path definition, Path parameters, int channels, int height, int width, int outputs,
    OutputKind output, Optional<Calibration> calibration, Optional<FeatureLayer> layer,
    Optional<String> digest) {

  /** Not calibrated, and not checked. */
  public NetworkSource(
      String name, Path definition, Path parameters, int channels, int height, int width, int outputs,
      OutputKind output) {
    this(name, definition, parameters, channels, height, width, outputs, output, Optional.empty(), Optional.empty(),
        Optional.empty());
  }

  public NetworkSource {
    Objects.requireNonNull(name);
    Objects.requireNonNull(definition);
    Objects.requireNonNull(parameters);
    Objects.requireNonNull(output);
    Objects.requireNonNull(calibration);
    Objects.requireNonNull(layer);
    Objects.requireNonNull(digest);
    if (channels <= 0 || height <= 0 || width <= 0 || outputs <= 0) {
      throw new IllegalArgumentException("sizes must be positive");
    }
  }

  public NetworkSource with(Calibration found) {
    return new NetworkSource(
        name, definition, parameters, channels, height, width, outputs, output, Optional.of(found), layer,
        digest);
  }

  /** The same files, run up to a layer, which gives {@code features} numbers. */
  NetworkSource upTo(FeatureLayer end, int features) {
    return new NetworkSource(name + " up to " + end.label(), definition, parameters, channels, height, width, features,
        output, Optional.empty(), Optional.of(end), digest);
  }

  /** Floats per image. */
  public int inputLength() {
    return channels * height * width;
  }
}
