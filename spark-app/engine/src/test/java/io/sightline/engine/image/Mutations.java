package io.sightline.engine.image;

import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;

/** Seeded damage to image files. */
final class Mutations {
  private static final int HEADERS = 700;
  private static final int[] EXTREMES = {0, 1, 0x7f, 0x80, 0xfe, 0xff};

  private final Random random;

  Mutations(long seed) {
    this.random = new Random(seed);
  }

  byte[] of(byte[] whole) {
    byte[] data = whole.clone();
    return switch (random.nextInt(6)) {
      case 0 -> bitsFlipped(data);
      case 1 -> Arrays.copyOf(data, 1 + random.nextInt(data.length - 1));
      case 2 -> headerEdited(data);
      case 3 -> spliced(data);
      case 4 -> lengthDamaged(data);
      default -> endMoved(data);
    };
  }

  /** The PNG with the checksums of its chunks put right, so that the damage reaches the codec. */
  static byte[] mended(byte[] png) {
    ByteView view = new ByteView(png);
    for (long at = 8; view.has(at, 12) && view.has(at + 12, view.u32((int) at)); at += 12 + view.u32((int) at)) {
      int length = (int) view.u32((int) at);
      CRC32 crc = new CRC32();
      crc.update(png, (int) at + 4, length + 4);
      for (int i = 0; i < 4; i++) {
        png[(int) at + 8 + length + i] = (byte) (crc.getValue() >> 24 - 8 * i);
      }
    }
    return png;
  }

  private byte[] bitsFlipped(byte[] data) {
    for (int i = random.nextInt(30); i >= 0; i--) {
      data[random.nextInt(data.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return data;
  }

  private byte[] headerEdited(byte[] data) {
    for (int i = random.nextInt(4); i >= 0; i--) {
      data[random.nextInt(Math.min(data.length, HEADERS))] = (byte) EXTREMES[random.nextInt(EXTREMES.length)];
    }
    return data;
  }

  private byte[] spliced(byte[] data) {
    int length = 1 + random.nextInt(data.length / 2);
    int from = random.nextInt(data.length - length);
    System.arraycopy(data.clone(), from, data, random.nextInt(data.length - length), length);
    return data;
  }

  /** Overwrites two or four bytes, most often in front, where formats keep lengths and sides. */
  private byte[] lengthDamaged(byte[] data) {
    int at = random.nextInt(Math.min(data.length - 4, random.nextBoolean() ? 40 : HEADERS));
    byte value = (byte) EXTREMES[random.nextInt(EXTREMES.length)];
    Arrays.fill(data, at, at + 2 + 2 * random.nextInt(2), value);
    return data;
  }

  /** Leaves out a piece and keeps the end: what end markers do not show. */
  private byte[] endMoved(byte[] data) {
    int from = random.nextInt(data.length);
    int to = from + random.nextInt(data.length - from);
    byte[] shorter = Arrays.copyOf(data, data.length - (to - from));
    System.arraycopy(data, to, shorter, from, data.length - to);
    return shorter;
  }
}
