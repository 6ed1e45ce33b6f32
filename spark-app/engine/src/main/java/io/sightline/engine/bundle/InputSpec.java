package io.sightline.engine.bundle;

import io.sightline.engine.image.ResizeRule;
import java.util.Objects;

/**
 * What a model wants to see. Its tensor is NCHW float32 of {@code channels x height x width} per image, each value
 * {@code (pixel - mean[c]) / std[c]} with pixels in 0..255.
 *
 * @param resize how an image gets the tensor's height and width
 */
public record InputSpec(ChannelOrder order, ResizeRule resize, Normalisation normalisation) {

  public InputSpec {
    Objects.requireNonNull(order);
    Objects.requireNonNull(resize);
    Objects.requireNonNull(normalisation);
  }

  public int channels() {
    return order.channels();
  }

  public int height() {
    return resize.height();
  }

  public int width() {
    return resize.width();
  }

  /** Floats per image. */
  public int length() {
    return channels() * height() * width();
  }
}
