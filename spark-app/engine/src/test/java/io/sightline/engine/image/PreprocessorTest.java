package io.sightline.engine.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PreprocessorTest {
  private static final float[] GREY_MEAN = {127f};
  private static final float[] GREY_STD = {128f};
  private static final float[] RGB_MEAN = {0f, 10f, 20f};
  private static final float[] RGB_STD = {1f, 2f, 4f};

  private static ResizeRule square(int side) {
    return new ResizeRule(ResizeRule.Shape.STRETCH, side, Interpolation.BICUBIC, side, side);
  }

  private static Preprocessor grey(int side) {
    return new Preprocessor(square(side), GREY_MEAN, GREY_STD, 1_000_000);
  }

  private static Preprocessor rgb(ResizeRule rule) {
    return new Preprocessor(rule, RGB_MEAN, RGB_STD, 1_000_000);
  }

  private static byte[] png(int type, int width, int height, int argb) {
    BufferedImage image = new BufferedImage(width, height, type);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, argb);
      }
    }
    return Samples.encode(image, "png");
  }

  @Test
  void normalisesChannelByChannel() throws ImageRejected {
    byte[] image = png(BufferedImage.TYPE_INT_RGB, 4, 4, 0xff64321e); // 100, 50, 30
    float[] input = new float[1 + 3 * 4];

    rgb(square(2)).prepare(image, input, 1);

    assertArrayEquals(new float[] {0, 100, 100, 100, 100, 20, 20, 20, 20, 2.5f, 2.5f, 2.5f, 2.5f}, input);
  }

  @Test
  void dropsTransparency() throws ImageRejected {
    byte[] glass = png(BufferedImage.TYPE_INT_ARGB, 3, 3, 0x00ffffff);
    byte[] halfGlass = png(BufferedImage.TYPE_INT_ARGB, 3, 3, 0x80646464);

    assertEquals(255, grey(3).pixels(glass)[4] & 0xff);
    assertEquals(100, grey(3).pixels(halfGlass)[4] & 0xff);
  }

  @Test
  void takesTheUpperHalfOfSixteenBits() throws ImageRejected {
    BufferedImage deep = new BufferedImage(3, 3, BufferedImage.TYPE_USHORT_GRAY);
    Arrays.fill(((java.awt.image.DataBufferUShort) deep.getRaster().getDataBuffer()).getData(), (short) 0xabcd);

    assertEquals(0xab, grey(3).pixels(Samples.encode(deep, "png"))[4] & 0xff);
  }

  @Test
  void keepsPixelsOfTheRightSize() throws ImageRejected {
    BufferedImage image = new BufferedImage(3, 3, BufferedImage.TYPE_BYTE_GRAY);
    byte[] values = {0, 10, 20, 30, 40, 50, 60, 70, 80};
    image.getRaster().setDataElements(0, 0, 3, 3, values);

    assertArrayEquals(values, grey(3).pixels(Samples.encode(image, "png")));
  }

  @Test
  void cutsTheCentre() throws ImageRejected {
    BufferedImage image = new BufferedImage(9, 3, BufferedImage.TYPE_INT_RGB);
    image.setRGB(4, 1, 0xffffff);
    ResizeRule rule = new ResizeRule(ResizeRule.Shape.SHORTER_SIDE, 3, Interpolation.BILINEAR, 1, 1);

    assertArrayEquals(new byte[] {-1, -1, -1}, rgb(rule).pixels(Samples.encode(image, "png")));
  }

  @Test
  void readsEveryFormat() throws ImageRejected {
    for (String format : new String[] {"jpg", "png", "gif", "bmp"}) {
      assertEquals(75, rgb(square(5)).pixels(Samples.file(format, 20, 10)).length, format);
    }
    byte[] red = rgb(square(1)).pixels(Samples.WEBP);
    assertArrayEquals(new byte[] {-1, 0, 0}, red);
  }

  /** A strip as long as a JPEG can be used to make tables of its full resized length: 65,535 times the crop. */
  @Test
  void readsExtremeRatios() throws ImageRejected {
    ResizeRule rule = new ResizeRule(ResizeRule.Shape.SHORTER_SIDE, 256, Interpolation.BICUBIC, 224, 224);

    assertEquals(224 * 224 * 3, rgb(rule).pixels(Samples.file("png", 65_535, 1)).length);
    assertEquals(224 * 224 * 3, rgb(rule).pixels(Samples.file("png", 1, 65_535)).length);
  }

  @Test
  void saysWhenTheCodecFails() {
    byte[] png = Samples.pngHeader(100, 100); // well-formed chunks, but pixels for 1 x 1

    assertEquals(ErrorCode.CORRUPT, assertThrows(ImageRejected.class, () -> grey(3).pixels(png)).code());
  }

  /** OpenCV's messages name the folders it was built in, and they went into results and dead letters. */
  @Test
  void tellsNothingOfHowTheCodecWasBuilt() {
    Inspected nothing =
        new Inspected(new ImageInfo(ImageFormat.PNG, 8, 8, Orientation.UPRIGHT), new Parts(new byte[0]));
    try (Scratch scratch = new Scratch(true)) {
      ImageRejected rejected =
          assertThrows(ImageRejected.class, () -> ImageDecoder.decode(nothing, 1, scratch));
      assertEquals("the codec cannot read this PNG", rejected.getMessage());
    }
  }
}
