package io.sightline.engine.image;

/**
 * How one axis is resampled: for each output pixel the first input pixel that counts and the weights from there on, in
 * fixed point with {@link #PRECISION} fractional bits. Immutable.
 */
final class Axis {
  /** 32 bits less 8 for the pixel and 2 for weights below 0 and sums above 1. */
  static final int PRECISION = 22;

  static final int HALF = 1 << PRECISION - 1;

  private final int[] first;
  private final int[][] weights;

  private Axis(int[] first, int[][] weights) {
    this.first = first;
    this.weights = weights;
  }

  /** What an axis follows from: {@code in} resized to {@code out} pixels, of which {@code count} from {@code from}. */
  record Key(Interpolation interpolation, Extent in, long out, long from, int count) {}

  static Axis of(Key key) {
    if (key.in().equals(Extent.whole(Math.toIntExact(key.out())))) {
      return unchanged(key);
    }
    int[] first = new int[key.count()];
    int[][] weights = new int[key.count()][];
    double scale = key.in().length() / key.out();
    double stretch = Math.max(scale, 1.0);
    double support = key.interpolation().support() * stretch;
    for (int i = 0; i < key.count(); i++) {
      double centre = key.in().begin() + (key.from() + i + 0.5) * scale;
      int low = Math.max((int) (centre - support + 0.5), 0);
      int high = Math.min((int) (centre + support + 0.5), key.in().pixels());
      double[] exact = new double[high - low];
      for (int x = 0; x < exact.length; x++) {
        exact[x] = key.interpolation().weight((x + low - centre + 0.5) * (1.0 / stretch));
      }
      first[i] = low;
      weights[i] = fixedPoint(exact);
    }
    return new Axis(first, weights);
  }

  int count() {
    return first.length;
  }

  /** The first input pixel of output pixel {@code i}. */
  int first(int i) {
    return first[i];
  }

  /** One weight per input pixel from {@link #first}; shared, so never written to. */
  int[] weights(int i) {
    return weights[i];
  }

  /** The first input pixel that no output pixel up to and including {@code i} reads. */
  int end(int i) {
    return first[i] + weights[i].length;
  }

  /** The weight of input pixel {@code in} in output pixel {@code out}: 0 where it does not count. */
  int weight(int out, int in) {
    int at = in - first[out];
    return at >= 0 && at < weights[out].length ? weights[out][at] : 0;
  }

  /** The rounded sum of pixels times weights as a pixel. */
  static int pixel(int sum) {
    int level = sum >> PRECISION;
    return (level & ~255) == 0 ? level : level < 0 ? 0 : 255; // one comparison for all but a few
  }

  private static Axis unchanged(Key key) {
    int[] first = new int[key.count()];
    int[][] weights = new int[key.count()][];
    for (int i = 0; i < key.count(); i++) {
      first[i] = Math.toIntExact(key.from()) + i;
      weights[i] = new int[] {1 << PRECISION};
    }
    return new Axis(first, weights);
  }

  private static int[] fixedPoint(double[] exact) {
    double sum = 0;
    for (double weight : exact) {
      sum += weight;
    }
    int[] fixed = new int[exact.length];
    for (int x = 0; x < exact.length; x++) {
      double scaled = (sum == 0 ? exact[x] : exact[x] / sum) * (1 << PRECISION);
      fixed[x] = (int) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    return fixed;
  }
}
