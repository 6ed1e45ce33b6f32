package io.sightline.engine.image;

/** Untrusted bytes read by position; whoever reads checks {@link #has} first, so that a short file is an answer. */
final class ByteView {
  private final byte[] bytes;

  ByteView(byte[] bytes) {
    this.bytes = bytes;
  }

  int length() {
    return bytes.length;
  }

  /** Whether bytes {@code position} to {@code position + count} exist; the arguments may be any long. */
  boolean has(long position, long count) {
    return position >= 0 && count >= 0 && position <= bytes.length - count;
  }

  /** Where {@code value} (0 to 255) stands first from {@code position} on; the length when nowhere. */
  int find(int value, int position) {
    byte wanted = (byte) value;
    int at = position;
    while (at < bytes.length && bytes[at] != wanted) {
      at++;
    }
    return at;
  }

  int u8(int position) {
    return bytes[position] & 0xff;
  }

  int u16(int position) {
    return u8(position) << 8 | u8(position + 1);
  }

  long u32(int position) {
    return (long) u16(position) << 16 | u16(position + 2);
  }

  int u16le(int position) {
    return u8(position) | u8(position + 1) << 8;
  }

  int u24le(int position) {
    return u16le(position) | u8(position + 2) << 16;
  }

  long u32le(int position) {
    return u16le(position) | (long) u16le(position + 2) << 16;
  }

  /** Whether the ASCII {@code text} stands at {@code position}; false when the file ends before. */
  boolean startsWith(int position, String text) {
    if (!has(position, text.length())) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      if (u8(position + i) != text.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
