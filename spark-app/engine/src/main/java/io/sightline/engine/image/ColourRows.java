package io.sightline.engine.image;

/**
 * Turns rows as the codec leaves them (grey, BGR or BGRA; 8 or 16 bits) into RGB or grey rows of 8 bits.
 *
 * <p>Transparent pixels are laid over black: a digit drawn in white on a transparent canvas stays a digit. Of 16 bits
 * the upper 8 count.
 */
final class ColourRows {
  private static final int GREY = 1;
  private static final int BGRA = 4;

  private final int samples;
  private final int sampleBytes;
  private final boolean toGrey;

  /** {@code samples} is 1, 3 or 4 a pixel, {@code sampleBytes} 1 or 2 (little-endian). */
  ColourRows(int samples, int sampleBytes, boolean toGrey) {
    this.samples = samples;
    this.sampleBytes = sampleBytes;
    this.toGrey = toGrey;
  }

  int channels() {
    return toGrey ? GREY : 3;
  }

  void convert(byte[] source, int width, byte[] target) {
    int step = samples * sampleBytes;
    int upper = sampleBytes - 1;
    int to = 0;
    for (int x = 0, at = upper; x < width; x++, at += step) {
      int blue = source[at] & 0xff;
      int green = samples == GREY ? blue : source[at + sampleBytes] & 0xff;
      int red = samples == GREY ? blue : source[at + 2 * sampleBytes] & 0xff;
      if (samples == BGRA) {
        int alpha = source[at + 3 * sampleBytes] & 0xff;
        red = overBlack(red, alpha);
        green = overBlack(green, alpha);
        blue = overBlack(blue, alpha);
      }
      if (toGrey) {
        target[to++] = (byte) luma(red, green, blue);
      } else {
        target[to++] = (byte) red;
        target[to++] = (byte) green;
        target[to++] = (byte) blue;
      }
    }
  }

  /** {@code value * alpha / 255}, rounded. */
  private static int overBlack(int value, int alpha) {
    int product = value * alpha + 128;
    return product + (product >> 8) >> 8;
  }

  /** ITU-R BT.601 luma (299, 587, 114 thousandths) in 16-bit fixed point; a grey pixel keeps its value. */
  private static int luma(int red, int green, int blue) {
    return red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000 >> 16;
  }
}
