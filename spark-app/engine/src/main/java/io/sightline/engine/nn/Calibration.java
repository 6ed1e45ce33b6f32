package io.sightline.engine.nn;

import java.util.List;
import java.util.Objects;

/**
 * What a network's tensors looked like on real images, and how well whole numbers do there.
 *
 * @param program the fingerprint of the compiled program that was observed
 * @param images how many images it was observed on
 * @param agreement the share of these images whose first label is the same with whole numbers as without
 * @param distance how far these images' probabilities are off: the mean total variation distance, from 0 to 1
 * @param bounds the magnitude that becomes the largest whole number, for each node in the program's order
 */
public record Calibration(String program, int images, double agreement, double distance, List<Float> bounds) {

  public Calibration {
    Objects.requireNonNull(program);
    bounds = List.copyOf(bounds);
    for (float bound : bounds) {
      if (!(bound >= 0 && bound <= Float.MAX_VALUE)) {
        throw new IllegalArgumentException("a bound must not be negative: " + bound);
      }
    }
  }
}
