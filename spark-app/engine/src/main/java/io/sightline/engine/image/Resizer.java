package io.sightline.engine.image;

import java.util.Arrays;

/**
 * Antialiased resizing as Pillow does it, to the level: rows first, columns second, each rounded to 8 bits.
 *
 * <p>The models were trained on pixels resized that way, so the same photo gets the same probabilities here. (Pillow 13
 * takes columns first where the height shrinks far more than the width: on a 17 x 300 image the two differed by up to 12
 * levels, on photos they do not.) Rows are taken one by one and added to the outputs they belong to; nothing of the source's size is kept.
 */
final class Resizer {
  private static final int GREY = 1;
  private static final int RGB = 3;

  private Resizer() {}

  /**
   * The output's pixels, row by row, channels side by side: {@code vertical.count() * horizontal.count() * channels}.
   */
  static byte[] resize(RowSource source, Axis horizontal, Axis vertical) {
    int channels = source.channels();
    int rowLength = horizontal.count() * channels;
    int[][] sums = new int[vertical.count()][rowLength];
    for (int[] sum : sums) {
      Arrays.fill(sum, Axis.HALF);
    }
    byte[] row = new byte[source.width() * channels];
    int[] resized = new int[rowLength];
    int oldest = 0;
    int last = vertical.end(vertical.count() - 1);
    for (int y = vertical.first(0); y < last; y++) {
      while (vertical.end(oldest) <= y) {
        oldest++;
      }
      source.read(y, row);
      resizeRow(row, channels, horizontal, resized);
      addRow(y, resized, vertical, oldest, sums);
    }
    return pixels(sums, rowLength);
  }

  private static void resizeRow(byte[] row, int channels, Axis axis, int[] out) {
    switch (channels) {
      case GREY -> resizeGrey(row, axis, out);
      case RGB -> resizeRgb(row, axis, out);
      default -> throw new IllegalArgumentException("an image of " + channels + " channels");
    }
  }

  private static void resizeGrey(byte[] row, Axis axis, int[] out) {
    for (int x = 0; x < out.length; x++) {
      int[] weights = axis.weights(x);
      int at = axis.first(x);
      int sum = Axis.HALF;
      for (int i = 0; i < weights.length; i++) {
        sum += (row[at + i] & 0xff) * weights[i];
      }
      out[x] = Axis.pixel(sum);
    }
  }

  private static void resizeRgb(byte[] row, Axis axis, int[] out) {
    for (int x = 0; x < axis.count(); x++) {
      int at = axis.first(x) * RGB;
      int red = Axis.HALF;
      int green = Axis.HALF;
      int blue = Axis.HALF;
      for (int weight : axis.weights(x)) {
        red += (row[at] & 0xff) * weight;
        green += (row[at + 1] & 0xff) * weight;
        blue += (row[at + 2] & 0xff) * weight;
        at += RGB;
      }
      out[x * RGB] = Axis.pixel(red);
      out[x * RGB + 1] = Axis.pixel(green);
      out[x * RGB + 2] = Axis.pixel(blue);
    }
  }

  /** Adds input row {@code y} to every output row that reads it; {@code oldest} is the first that still does. */
  private static void addRow(int y, int[] row, Axis axis, int oldest, int[][] sums) {
    for (int out = oldest; out < sums.length && axis.first(out) <= y; out++) {
      if (y < axis.end(out)) {
        addWeighted(row, axis.weights(out)[y - axis.first(out)], sums[out]);
      }
    }
  }

  /** Apart, so that the compiler turns it into vector instructions. */
  private static void addWeighted(int[] row, int weight, int[] sum) {
    for (int i = 0; i < row.length; i++) {
      sum[i] += row[i] * weight;
    }
  }

  private static byte[] pixels(int[][] sums, int rowLength) {
    byte[] pixels = new byte[sums.length * rowLength];
    int at = 0;
    for (int[] sum : sums) {
      for (int value : sum) {
        pixels[at++] = (byte) Axis.pixel(value);
      }
    }
    return pixels;
  }
}
