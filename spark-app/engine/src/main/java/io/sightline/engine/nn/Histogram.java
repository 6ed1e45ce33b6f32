package io.sightline.engine.nn;

import java.nio.FloatBuffer;

/** How often a tensor's magnitudes occur, in equal bins. Zeros are left out: every scale represents them exactly. */
final class Histogram {
  /** Fewer blur where to cut; more need more images before a bin's count means anything. */
  static final int BINS = 2048;

  private final long[] counts = new long[BINS];
  private double width;
  private float peak;

  /** Counts the values from the buffer's position on; the range grows to hold the largest. */
  void add(FloatBuffer values) {
    int end = values.limit();
    float largest = 0;
    for (int i = values.position(); i < end; i++) {
      largest = Math.max(largest, Math.abs(values.get(i))); // NaN if any is
    }
    if (!Float.isFinite(largest)) {
      throw new ArithmeticException("a value is " + largest);
    }
    if (largest == 0) {
      return;
    }
    cover(largest);
    for (int i = values.position(); i < end; i++) {
      float magnitude = Math.abs(values.get(i));
      if (magnitude > 0) {
        counts[Math.min(BINS - 1, (int) (magnitude / width))]++;
      }
    }
  }

  /** The largest magnitude; 0 if there were only zeros. */
  float peak() {
    return peak;
  }

  /** The bins' width. */
  double width() {
    return width;
  }

  long count(int bin) {
    return counts[bin];
  }

  /** Bins in use: the last of them holds the peak. */
  int used() {
    return peak == 0 ? 0 : Math.min(BINS, (int) (peak / width) + 1);
  }

  private void cover(float largest) {
    if (width == 0) {
      width = (double) largest / BINS;
    }
    while (largest > width * BINS) {
      for (int bin = 0; bin < BINS / 2; bin++) {
        counts[bin] = counts[2 * bin] + counts[2 * bin + 1];
      }
      for (int bin = BINS / 2; bin < BINS; bin++) {
        counts[bin] = 0;
      }
      width *= 2;
    }
    peak = Math.max(peak, largest);
  }
}
