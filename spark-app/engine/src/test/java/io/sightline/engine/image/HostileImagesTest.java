package io.sightline.engine.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;

/**
 * Files made to break a decoder: each is read or refused, within bounds of processor time and memory. The seeds were
 * written by Pillow; a JVM that crashes fails the whole suite.
 */
class HostileImagesTest {
  private static final int FILES = 3_000;
  private static final long MAX_PIXELS = 20_000_000;

  /** Processor time of one file; the largest whole image that the limit lets through takes about a second. */
  private static final double MAX_SECONDS = 5;

  /** The heap of a test (2 GiB) is not touched by far; this is a few decoded images of the largest size. */
  private static final long MAX_GROWTH = 600L << 20;

  private static final byte[] END_OF_IMAGE = {(byte) 0xff, (byte) 0xd9};

  /** Eight codes of 3 bits, each a 4. */
  private static final int[] CLEAR_CODES = {0x92, 0x24, 0x49};

  private static final List<String> SEEDS =
      List.of(
          "exif.jpg", "progressive.jpg", "cmyk.jpg", "large.jpg", "rgb.png", "alpha.png", "palette.png", "lossy.webp",
          "lossless.webp", "animated.webp", "animated.gif", "rgb.bmp");

  private final Preprocessor preprocessor = preprocessor();

  private static Preprocessor preprocessor() {
    ResizeRule rule = new ResizeRule(ResizeRule.Shape.SHORTER_SIDE, 72, Interpolation.BICUBIC, 64, 64);
    return new Preprocessor(rule, new float[] {1, 1, 1}, new float[] {1, 1, 1}, MAX_PIXELS);
  }

  private static byte[] seed(String name) throws IOException {
    try (InputStream file = HostileImagesTest.class.getResourceAsStream("/images/" + name)) {
      return file.readAllBytes();
    }
  }

  /** {@code image}, or the code that the bytes were refused with; whatever else happens fails the test. */
  private String answer(byte[] data) {
    long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    String answer;
    try {
      preprocessor.pixels(data);
      answer = "image";
    } catch (ImageRejected rejected) {
      answer = rejected.code().text();
    }
    double seconds = (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start) / 1e9;
    assertTrue(seconds < MAX_SECONDS, () -> "took " + seconds + " s");
    return answer;
  }

  private static long residentBytes() throws IOException {
    try (var lines = Files.lines(Path.of("/proc/self/status"))) {
      String line = lines.filter(text -> text.startsWith("VmRSS")).findFirst().orElseThrow();
      return Long.parseLong(line.replaceAll("\\D", "")) << 10;
    }
  }

  @Test
  void answersEveryMutatedFile() throws IOException {
    for (String name : SEEDS) {
      assertEquals("image", answer(seed(name)), name);
    }
    long before = residentBytes();
    Mutations mutations = new Mutations(20_260_214);
    Map<String, Integer> answers = new HashMap<>();
    for (int i = 0; i < FILES; i++) {
      String name = SEEDS.get(i % SEEDS.size());
      byte[] data = mutations.of(seed(name));
      boolean mend = name.endsWith(".png") && i % 3 > 0;
      answers.merge(answer(mend ? Mutations.mended(data) : data), 1, Integer::sum);
    }
    for (String expected : List.of("image", "corrupt", "truncated")) { // else the damage reached no codec
      assertTrue(answers.getOrDefault(expected, 0) > FILES / 20, answers::toString);
    }
    assertTrue(residentBytes() - before < MAX_GROWTH);
  }

  /** A profile and text that inflate to 256 MB; no pixel depends on them. */
  @Test
  void readsNoCompressedMetadata() throws IOException {
    ByteArrayOutputStream zeros = new ByteArrayOutputStream();
    try (DeflaterOutputStream deflater = new DeflaterOutputStream(zeros)) {
      for (int i = 0; i < 256; i++) {
        deflater.write(new byte[1 << 20]);
      }
    }
    byte[] whole = seed("rgb.png");
    byte[] bomb = concat(Arrays.copyOf(whole, 33), chunk("iCCP", "icc\0\0", zeros), chunk("zTXt", "text\0\0", zeros));
    long before = residentBytes();

    assertEquals("image", answer(Mutations.mended(concat(bomb, Arrays.copyOfRange(whole, 33, whole.length)))));
    assertTrue(residentBytes() - before < MAX_GROWTH);
  }

  /** Each scan is a walk over all 16 megapixels, in a few bytes. */
  @Test
  void boundsTheScansOfAJpeg() throws IOException {
    byte[] whole = seed("scans.jpg");
    int last = new String(whole, StandardCharsets.ISO_8859_1).lastIndexOf("\u00ff\u00da");
    byte[] scan = Arrays.copyOfRange(whole, last, whole.length - 2);
    byte[] begun = Arrays.copyOf(whole, whole.length - 2);

    assertEquals("image", answer(concat(begun, repeated(scan, 80), END_OF_IMAGE)));
    assertEquals("unsupported-type", answer(concat(begun, repeated(scan, 101), END_OF_IMAGE)));
  }

  /** A megabyte of codes that each empty the table, of which OpenCV's reader rebuilds 4,096 entries a time. */
  @Test
  void boundsTheClearCodesOfAGif() {
    byte[] block = new byte[256];
    block[0] = (byte) 255; // its length
    for (int i = 1; i < block.length; i++) {
      block[i] = (byte) CLEAR_CODES[i % CLEAR_CODES.length];
    }

    assertEquals("corrupt", answer(gif(4_000, repeated(block, 4_000))));
    assertEquals("image", answer(gif(4_000, new byte[] {2, 0x44, 1})));
    assertEquals("too-many-pixels", answer(gif(65_535, new byte[] {2, 0x44, 1})));
  }

  /** A square canvas with a frame of one pixel. */
  private static byte[] gif(int side, byte[] data) {
    byte low = (byte) side;
    byte high = (byte) (side >> 8);
    byte[] screen = {'G', 'I', 'F', '8', '9', 'a', low, high, low, high, (byte) 0x80, 0, 0, 0, 0, 0, -1, -1, -1};
    byte[] frame = {0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2};
    return concat(screen, frame, data, new byte[] {0, 0x3b});
  }

  /** The codec's memory is kept from image to image: a broken file once got the pixels of the one before. */
  @Test
  void showsNothingOfTheImageBefore() {
    byte[] broken = Samples.pngHeader(60, 40);

    assertEquals("image", answer(Samples.file("png", 60, 40)));
    assertEquals("corrupt", answer(broken));
  }

  private static byte[] chunk(String type, String start, ByteArrayOutputStream data) {
    int length = start.length() + data.size();
    byte[] size = {(byte) (length >> 24), (byte) (length >> 16), (byte) (length >> 8), (byte) length};
    byte[] head = (type + start).getBytes(StandardCharsets.ISO_8859_1);
    return concat(size, head, data.toByteArray(), new byte[4]);
  }

  private static byte[] repeated(byte[] part, int times) {
    byte[][] parts = new byte[times][];
    Arrays.fill(parts, part);
    return concat(parts);
  }

  private static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      whole.writeBytes(part);
    }
    return whole.toByteArray();
  }
}
