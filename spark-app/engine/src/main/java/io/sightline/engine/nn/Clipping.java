package io.sightline.engine.nn;

/**
 * Where to cut a tensor's range off: a smaller range has finer steps for the many small values, but clips the few large
 * ones. Chosen is the least mean square error.
 */
final class Clipping {
  /** Candidates between nothing and the peak. */
  private static final int CANDIDATES = 128;

  private Clipping() {}

  /**
   * The magnitude that becomes the largest integer.
   *
   * @param levels that integer
   */
  static float bound(Histogram histogram, int levels) {
    double best = histogram.peak();
    double least = error(histogram, best, levels);
    for (int i = CANDIDATES - 1; i > 0; i--) {
      double bound = (double) histogram.peak() * i / CANDIDATES;
      double error = error(histogram, bound, levels);
      if (error < least) {
        least = error;
        best = bound;
      }
    }
    return (float) best;
  }

  /** The sum of squared errors: rounding is even within half a step, clipping loses what is beyond the bound. */
  private static double error(Histogram histogram, double bound, int levels) {
    double step = bound / levels;
    double rounding = step * step / 12;
    double error = 0;
    for (int bin = 0; bin < histogram.used(); bin++) {
      double magnitude = (bin + 0.5) * histogram.width();
      double beyond = Math.max(0, magnitude - bound);
      error += histogram.count(bin) * Math.max(rounding, beyond * beyond);
    }
    return error;
  }
}
