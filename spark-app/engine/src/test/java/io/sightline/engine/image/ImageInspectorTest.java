package io.sightline.engine.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageInspectorTest {
  private static final long MAX_PIXELS = 50_000_000;

  private static ErrorCode codeOf(byte[] data) {
    return assertThrows(ImageRejected.class, () -> ImageInspector.inspect(data, MAX_PIXELS)).code();
  }

  @ParameterizedTest
  @CsvSource({"jpg, JPEG", "png, PNG", "gif, GIF", "bmp, BMP"})
  void readsTypeAndDimensions(String format, ImageFormat expected) throws ImageRejected {
    ImageInfo info = ImageInspector.inspect(Samples.file(format, 60, 40), MAX_PIXELS);

    assertEquals(expected, info.format());
    assertEquals(60, info.width());
    assertEquals(40, info.height());
  }

  @Test
  void readsWebp() throws ImageRejected {
    ImageInfo info = ImageInspector.inspect(Samples.WEBP, MAX_PIXELS);

    assertEquals(new ImageInfo(ImageFormat.WEBP, 16, 12, Orientation.UPRIGHT), info);
  }

  /** Every prefix is refused as an image, so no cut is mistaken for a whole file and none breaks the inspector. */
  @ParameterizedTest
  @ValueSource(strings = {"jpg", "png", "gif", "bmp"})
  void refusesEveryPrefix(String format) {
    byte[] whole = Samples.file(format, 60, 40);
    for (int length = 1; length < whole.length; length++) {
      byte[] prefix = Arrays.copyOf(whole, length);
      ErrorCode expected = length < signatureLength(format) ? ErrorCode.UNSUPPORTED_TYPE : ErrorCode.TRUNCATED;
      assertEquals(expected, codeOf(prefix), "cut after " + length + " bytes");
    }
  }

  private static int signatureLength(String format) {
    return switch (format) {
      case "jpg" -> 3;
      case "png" -> 8;
      case "gif" -> 6;
      default -> 2;
    };
  }

  /** A comment shorter than the block that announces transparency made a whole file count as cut off. */
  @Test
  void readsAGifThatEndsWithAShortComment() throws ImageRejected {
    byte[] gif = Samples.file("gif", 60, 40);
    byte[] comment = {0x21, (byte) 0xfe, 2, 'h', 'i', 0, 0x3b};
    byte[] commented = Arrays.copyOf(gif, gif.length - 1 + comment.length); // the trailer is the comment's last byte
    System.arraycopy(comment, 0, commented, gif.length - 1, comment.length);

    assertEquals(60, ImageInspector.inspect(commented, MAX_PIXELS).width());
  }

  @Test
  void refusesTruncatedWebp() {
    assertEquals(ErrorCode.TRUNCATED, codeOf(Arrays.copyOf(Samples.WEBP, Samples.WEBP.length - 1)));
  }

  @Test
  void refusesNoBytesAndOtherBytes() {
    assertEquals(ErrorCode.EMPTY, codeOf(new byte[0]));
    assertEquals(ErrorCode.UNSUPPORTED_TYPE, codeOf("hello, world".getBytes(StandardCharsets.US_ASCII)));
  }

  @Test
  void refusesPngWithWrongChecksum() {
    byte[] png = Samples.file("png", 60, 40);
    png[png.length / 2] ^= 1;

    assertEquals(ErrorCode.CORRUPT, codeOf(png));
  }

  @Test
  void refusesClaimedPixelsBeforeAnythingElse() {
    assertEquals(ErrorCode.TOO_MANY_PIXELS, codeOf(Samples.pngHeader(20_000, 20_000)));
    assertEquals(ErrorCode.TOO_MANY_PIXELS, codeOf(Samples.pngHeader(70_000, 1)));
    assertEquals(ErrorCode.CORRUPT, codeOf(Samples.pngHeader(0, 10)));
    assertEquals(ErrorCode.TOO_MANY_PIXELS, codeOf(Samples.pngHeader(Integer.MIN_VALUE, Integer.MIN_VALUE)));
  }

  @Test
  void takesBytesAfterTheEnd() throws ImageRejected {
    byte[] jpeg = Samples.file("jpg", 60, 40);
    byte[] padded = Arrays.copyOf(jpeg, jpeg.length + 100);

    assertEquals(60, ImageInspector.inspect(padded, MAX_PIXELS).width());
  }

  @Test
  void refusesJpegWhoseSegmentsAreOverwritten() {
    byte[] jpeg = Samples.file("jpg", 60, 40);
    Arrays.fill(jpeg, 20, 40, (byte) 7); // behind the first segment

    assertEquals(ErrorCode.CORRUPT, codeOf(jpeg));
  }

  /** Damage anywhere gives an answer; only a codec may still find fault with what passes. */
  @ParameterizedTest
  @ValueSource(strings = {"jpg", "png", "gif", "bmp"})
  void neverFailsOtherwise(String format) {
    byte[] whole = Samples.file(format, 16, 16);
    for (int at = 0; at < Math.min(whole.length, 700); at++) {
      for (int value : new int[] {0, 0x7f, 0x80, 0xff}) {
        byte[] damaged = whole.clone();
        damaged[at] = (byte) value;
        try {
          ImageInspector.inspect(damaged, MAX_PIXELS);
        } catch (ImageRejected expected) {
          assertEquals(false, expected.getMessage().isEmpty());
        }
      }
    }
  }
}
