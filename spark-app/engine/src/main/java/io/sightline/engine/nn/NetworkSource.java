package io.sightline.engine.nn;

import java.nio.file.Path;
import java.util.Objects;

/**
 * A saved BigDL model and the tensors that go in and out of it.
 *
 * @param name for messages
 * @param definition the module's protobuf file
 * @param parameters its weights, as {@code saveModel} puts them beside the definition
 * @param classes how many probabilities come out per image
 */
public record NetworkSource(
    String name, Path definition, Path parameters, int channels, int height, int width, int classes,
    OutputKind output) {

  public NetworkSource {
    Objects.requireNonNull(name);
    Objects.requireNonNull(definition);
    Objects.requireNonNull(parameters);
    Objects.requireNonNull(output);
    if (channels <= 0 || height <= 0 || width <= 0 || classes <= 0) {
      throw new IllegalArgumentException("sizes must be positive");
    }
  }

  /** Floats per image. */
  public int inputLength() {
    return channels * height * width;
  }
}
