package io.sightline.engine.nn;

import java.util.Locale;

/** The arithmetic of a loaded network. */
public enum Precision {
  /** IEEE single: equal to BigDL's own forward within rounding. */
  F32(1e-4, 1e-3),
  /** Weights and values in bfloat16, sums in single: eight bits of mantissa, the range of single. */
  BF16(0.03, 0.15),
  /**
   * Weights and values in whole numbers of eight bits, sums in 32. A calibration says what they stand for; that it
   * holds for photos is tried when it is made, and what is tried at load is that this machine computes the same.
   */
  INT8(0.15, 0.3);

  private final double tolerance;
  private final double relativeTolerance;

  Precision(double tolerance, double relativeTolerance) {
    this.tolerance = tolerance;
    this.relativeTolerance = relativeTolerance;
  }

  /**
   * How far a probability may be from BigDL's own, where {@code peak} is the largest that BigDL gives the image: with
   * 1000 classes and noise for an image all are small, and no absolute figure would tell right from wrong.
   */
  double tolerance(double peak) {
    return Math.min(tolerance, relativeTolerance * peak);
  }

  /** How far a layer's value may be from BigDL's own, where {@code peak} is the largest magnitude among them. */
  double relative(double peak) {
    return relativeTolerance * peak;
  }

  /** As settings and results spell it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
