package io.sightline.engine.image;

/** A pixel's red and green are a pair; the blues of upper and lower row are another, and later of two neighbours. */
final class RgbLanes implements Lanes {
  private static final int RGB = 3;

  private long[] packed = {};

  @Override
  public int channels() {
    return RGB;
  }

  @Override
  public int length(int count) {
    return count + (count + 1 >> 1);
  }

  @Override
  public void resample(byte[] upper, byte[] lower, int from, Axis axis, long[] first, long[] second) {
    long[] source = pack(upper, lower, axis.end(axis.count() - 1) - from);
    int count = axis.count();
    for (int x = 0; x < count; x++) {
      int at = (axis.first(x) - from) * RGB;
      long above = Pair.ROUNDING;
      long below = Pair.ROUNDING;
      long blues = Pair.ROUNDING;
      for (int weight : axis.weights(x)) {
        above += source[at] * weight;
        below += source[at + 1] * weight;
        blues += source[at + 2] * weight;
        at += RGB;
      }
      first[x] = Pair.pixels(above);
      second[x] = Pair.pixels(below);
      Pair.put(first, count, x, Pair.upperPixel(blues));
      Pair.put(second, count, x, Pair.lowerPixel(blues));
    }
  }

  private long[] pack(byte[] upper, byte[] lower, int count) {
    int length = count * RGB;
    if (packed.length < length) {
      packed = new long[length];
    }
    long[] target = packed;
    for (int at = 0; at < length; at += RGB) {
      target[at] = Pair.of(upper[at] & 0xff, upper[at + 1] & 0xff);
      target[at + 1] = Pair.of(lower[at] & 0xff, lower[at + 1] & 0xff);
      target[at + 2] = Pair.of(upper[at + 2] & 0xff, lower[at + 2] & 0xff);
    }
    return target;
  }

  @Override
  public void pixels(long[] sums, int count, byte[] pixels, int to) {
    for (int x = 0; x < count; x++) {
      int pixel = to + x * RGB;
      long sum = sums[x];
      pixels[pixel] = (byte) Pair.upperPixel(sum);
      pixels[pixel + 1] = (byte) Pair.lowerPixel(sum);
      pixels[pixel + 2] = (byte) Pair.pixel(sums, count, x);
    }
  }
}
