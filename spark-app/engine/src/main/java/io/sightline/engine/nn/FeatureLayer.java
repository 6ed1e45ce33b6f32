package io.sightline.engine.nn;

import java.util.Objects;
import java.util.Optional;

/**
 * A layer whose values are wanted instead of a network's probabilities.
 *
 * @param name as the network's definition has it; empty: the layer before the last linear one
 */
public record FeatureLayer(Optional<String> name) {

  public FeatureLayer {
    Objects.requireNonNull(name);
  }

  /** What the last linear layer sees: the network's idea of an image, before it says which label that is. */
  public static FeatureLayer beforeLabels() {
    return new FeatureLayer(Optional.empty());
  }

  public static FeatureLayer named(String name) {
    return new FeatureLayer(Optional.of(name));
  }

  /** For messages. */
  String label() {
    return name.map(layer -> "layer " + layer).orElse("its last linear layer");
  }

  /** Different for each layer, and fit to be a part of a file's name. */
  String key() {
    return name.map(Fingerprint::shortened).orElse("default");
  }
}
