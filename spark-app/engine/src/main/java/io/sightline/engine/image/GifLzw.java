package io.sightline.engine.image;

/** Decompresses the colour indexes of a GIF frame whose sub-blocks are known to be all there. */
final class GifLzw {
  private static final int MAX_CODES = 4096;
  private static final int MAX_BITS = 12;
  private static final int MIN_START_BITS = 2; // two colours take two bits, too
  private static final int MAX_START_BITS = 8;

  private final byte[] data;
  private final byte[] indexes;
  private final short[] prefix = new short[MAX_CODES];
  private final byte[] suffix = new byte[MAX_CODES];
  private final short[] length = new short[MAX_CODES];
  private int position;
  private int left; // bytes of the sub-block
  private int buffer;
  private int bits;
  private int written;

  private GifLzw(byte[] data, int position, int count) {
    this.data = data;
    this.position = position;
    this.indexes = new byte[count];
  }

  /**
   * The first {@code count} indexes of the data at {@code position}.
   *
   * @throws ImageRejected the data is no LZW or ends before
   */
  static byte[] indexes(byte[] data, int position, int count) throws ImageRejected {
    int start = data[position] & 0xff;
    if (start < MIN_START_BITS || start > MAX_START_BITS) {
      throw ImageRejected.corrupt("the GIF has indexes of " + start + " bits");
    }
    GifLzw lzw = new GifLzw(data, position + 1, count);
    lzw.decompress(start);
    return lzw.indexes;
  }

  private void decompress(int start) throws ImageRejected {
    int clear = 1 << start;
    int size = start + 1;
    int next = clear + 2;
    int previous = -1;
    for (int i = 0; i < clear; i++) {
      suffix[i] = (byte) i;
      length[i] = 1;
    }
    while (written < indexes.length) {
      int code = code(size);
      if (code == clear) {
        size = start + 1;
        next = clear + 2;
        previous = -1;
        continue;
      }
      if (code < 0 || code == clear + 1 || code > next || code >= clear && previous < 0) {
        throw ImageRejected.corrupt("the GIF's data breaks off after " + written + " pixels");
      }
      if (previous >= 0 && next < MAX_CODES) {
        append(next++, previous, code == next - 1 ? previous : code);
      } else if (code == next) {
        throw ImageRejected.corrupt("the GIF's data uses a code it has not defined");
      }
      write(code);
      previous = code;
      size = Math.min(Math.max(size, Integer.SIZE - Integer.numberOfLeadingZeros(next)), MAX_BITS);
    }
  }

  /** Defines {@code code}: the string of {@code previous} and the first index of the string of {@code other}. */
  private void append(int code, int previous, int other) {
    prefix[code] = (short) previous;
    length[code] = (short) (length[previous] + 1);
    int at = other;
    while (length[at] > 1) {
      at = prefix[at];
    }
    suffix[code] = suffix[at];
  }

  /** Writes the string of {@code code} from its end; what is more than the frame holds is left out. */
  private void write(int code) {
    int at = code;
    int to = written + length[code];
    written = Math.min(to, indexes.length);
    while (true) {
      if (--to < indexes.length) {
        indexes[to] = suffix[at];
      }
      if (length[at] == 1) {
        return;
      }
      at = prefix[at];
    }
  }

  /** The next code of {@code size} bits; -1 at the end of the sub-blocks. */
  private int code(int size) {
    while (bits < size) {
      if (left == 0) {
        left = data[position++] & 0xff;
        if (left == 0) {
          position--;
          return -1;
        }
      }
      buffer |= (data[position++] & 0xff) << bits;
      bits += 8;
      left--;
    }
    int code = buffer & (1 << size) - 1;
    buffer >>>= size;
    bits -= size;
    return code;
  }
}
