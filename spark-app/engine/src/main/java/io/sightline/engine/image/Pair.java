package io.sightline.engine.image;

/**
 * Two sums of pixels times weights in one {@code long}, the first in its upper half: one multiplication does the work
 * of two. Both stay within 32 bits ({@link Axis#PRECISION}); what a negative lower half borrows from the upper one is
 * given back when they are taken apart, so nothing is lost.
 */
final class Pair {
  /** {@link Axis#HALF} in both halves, from which a sum begins that is to be rounded. */
  static final long ROUNDING = of(Axis.HALF, Axis.HALF);

  private static final int HALF_BITS = 32;

  private Pair() {}

  /** {@code upper} may be any int, {@code lower} is not negative. */
  static long of(int upper, int lower) {
    return (long) upper << HALF_BITS | lower;
  }

  /** Both sums as pixels, as a pair again. */
  static long pixels(long sums) {
    return of(upperPixel(sums), lowerPixel(sums));
  }

  /** The upper sum as a pixel. */
  static int upperPixel(long sums) {
    return Axis.pixel((int) (sums - (int) sums >> HALF_BITS));
  }

  /** The lower sum as a pixel. */
  static int lowerPixel(long sums) {
    return Axis.pixel((int) sums);
  }

  /** Stores {@code value} (not negative) as number {@code index} of a run of pairs; lower indexes come first. */
  static void put(long[] pairs, int at, int index, int value) {
    int pair = at + (index >> 1);
    pairs[pair] = (index & 1) == 0 ? of(value, 0) : pairs[pair] | value;
  }

  /** The pixel of number {@code index} of a run of pairs of sums. */
  static int pixel(long[] pairs, int at, int index) {
    long sums = pairs[at + (index >> 1)];
    return (index & 1) == 0 ? upperPixel(sums) : lowerPixel(sums);
  }
}
