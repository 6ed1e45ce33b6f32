package io.sightline.engine.image;

/** How the channels of two RGB rows are laid out as pairs ({@link Pair}) while both are resampled at once. */
interface Lanes {
  /** Bytes of a pixel of the result. */
  int channels();

  /** Pairs of a row of {@code count} pixels. */
  int length(int count);

  /**
   * Resamples two rows of which column {@code from} is the first.
   *
   * @param first takes the upper row: {@code length(axis.count())} pairs of pixels
   * @param second takes the lower row
   */
  void resample(byte[] upper, byte[] lower, int from, Axis axis, long[] first, long[] second);

  /** Writes the pixels of a row of {@code count} sums to {@code pixels}, from {@code to} on. */
  void pixels(long[] sums, int count, byte[] pixels, int to);
}
