package io.sightline.engine.bundle;

import java.util.List;

/** Per-channel mean and standard deviation, in pixel units (0..255). */
public record Normalisation(List<Float> mean, List<Float> std) {

  public Normalisation {
    mean = List.copyOf(mean);
    std = List.copyOf(std);
  }

  public float mean(int channel) {
    return mean.get(channel);
  }

  public float std(int channel) {
    return std.get(channel);
  }
}
