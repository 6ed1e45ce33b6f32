package io.sightline.engine.bundle;

import java.util.Objects;

/**
 * What a model wants to see. Its tensor is NCHW float32 of {@code channels x height x width} per image, each value
 * {@code (pixel - mean[c]) / std[c]} with pixels in 0..255.
 */
public record InputSpec(
    ChannelOrder order,
    int height,
    int width,
    ResizeRule resize,
    int resizeSize,
    Interpolation interpolation,
    Crop crop,
    Normalisation normalisation) {

  public InputSpec {
    Objects.requireNonNull(order);
    Objects.requireNonNull(resize);
    Objects.requireNonNull(interpolation);
    Objects.requireNonNull(crop);
    Objects.requireNonNull(normalisation);
  }

  public int channels() {
    return order.channels();
  }

  /** Floats per image. */
  public int length() {
    return channels() * height * width;
  }
}
