package io.sightline.engine.image;

/** The lumas of the upper and lower row are a pair, and later those of two neighbours. */
final class GreyLanes implements Lanes {
  private static final int RGB = 3;

  private long[] packed = {};

  @Override
  public int channels() {
    return 1;
  }

  @Override
  public int length(int count) {
    return count + 1 >> 1;
  }

  @Override
  public void resample(byte[] upper, byte[] lower, int from, Axis axis, long[] first, long[] second) {
    long[] source = pack(upper, lower, axis.end(axis.count() - 1) - from);
    for (int x = 0; x < axis.count(); x++) {
      int at = axis.first(x) - from;
      long sum = Pair.ROUNDING;
      for (int weight : axis.weights(x)) {
        sum += source[at++] * weight;
      }
      Pair.put(first, 0, x, Pair.upperPixel(sum));
      Pair.put(second, 0, x, Pair.lowerPixel(sum));
    }
  }

  private long[] pack(byte[] upper, byte[] lower, int count) {
    if (packed.length < count) {
      packed = new long[count];
    }
    for (int x = 0; x < count; x++) {
      packed[x] = Pair.of(luma(upper, x * RGB), luma(lower, x * RGB));
    }
    return packed;
  }

  /** ITU-R BT.601 luma (299, 587, 114 thousandths) in 16-bit fixed point; a grey pixel keeps its value. */
  private static int luma(byte[] row, int at) {
    int red = row[at] & 0xff;
    int green = row[at + 1] & 0xff;
    int blue = row[at + 2] & 0xff;
    return red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000 >> 16;
  }

  @Override
  public void pixels(long[] sums, int count, byte[] pixels, int to) {
    for (int x = 0; x < count; x++) {
      pixels[to + x] = (byte) Pair.pixel(sums, 0, x);
    }
  }
}
