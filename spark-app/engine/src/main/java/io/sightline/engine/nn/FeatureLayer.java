package io.sightline.engine.nn;

import java.io.Serializable;
import java.util.Objects;

/**
 * A layer whose values are wanted instead of a network's probabilities.
 *
 * @param name as the network's definition has it; empty: the layer before the last linear one
 */
public record FeatureLayer(String name) implements Serializable {

  public FeatureLayer {
    Objects.requireNonNull(name);
  }

  /** What the last linear layer sees: the network's idea of an image, before it says which label that is. */
  public static FeatureLayer beforeLabels() {
    return new FeatureLayer("");
  }

  boolean isNamed() {
    return !name.isEmpty();
  }

  /** For messages. */
  String label() {
    return isNamed() ? "layer " + name : "its last linear layer";
  }

  /** Different for each layer, and fit to be a part of a file's name. */
  String key() {
    return isNamed() ? Fingerprint.shortened(name) : "default";
  }
}
