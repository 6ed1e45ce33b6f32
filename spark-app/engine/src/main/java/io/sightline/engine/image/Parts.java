package io.sightline.engine.image;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The parts of a file that its codec needs to see. Metadata that no pixel depends on (comments, profiles, EXIF) is left
 * out: it is the oldest way into a codec.
 */
final class Parts {
  private final byte[] data;
  private int[] bounds = new int[8];
  private int used;

  Parts(byte[] data) {
    this.data = data;
  }

  /** The whole file; shared, so never written to. */
  byte[] data() {
    return data;
  }

  /** Every byte of the file. */
  static Parts all(byte[] data) {
    Parts parts = new Parts(data);
    parts.keep(0, data.length);
    return parts;
  }

  /** Adds bytes {@code from} to {@code to}, which follow everything kept before. */
  void keep(int from, int to) {
    if (used > 0 && bounds[used - 1] == from) {
      bounds[used - 1] = to;
      return;
    }
    if (used == bounds.length) {
      bounds = Arrays.copyOf(bounds, 2 * used);
    }
    bounds[used++] = from;
    bounds[used++] = to;
  }

  /** Bytes kept. */
  int length() {
    int length = 0;
    for (int i = 0; i < used; i += 2) {
      length += bounds[i + 1] - bounds[i];
    }
    return length;
  }

  /** Writes all that was kept, one part behind the other. */
  void copyTo(ByteBuffer target) {
    for (int i = 0; i < used; i += 2) {
      target.put(data, bounds[i], bounds[i + 1] - bounds[i]);
    }
  }
}
