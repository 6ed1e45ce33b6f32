package io.sightline.engine.image;

import io.sightline.engine.image.ImageInspector.Dimensions;

/** Reads a Windows bitmap's headers and checks that its rows are all there. */
final class BmpInspector {
  private static final int INFO_HEADER = 40;
  private static final int UNCOMPRESSED = 0;
  private static final int BIT_FIELDS = 3;

  private BmpInspector() {}

  static Inspected inspect(ByteView view, byte[] data, Dimensions limit) throws ImageRejected {
    if (!view.has(0, 14 + INFO_HEADER)) {
      throw ImageRejected.truncated("the BMP ends within its header");
    }
    if (view.u32le(14) < INFO_HEADER) {
      throw new ImageRejected(ErrorCode.UNSUPPORTED_TYPE, "a BMP of a version before Windows 3");
    }
    int width = (int) view.u32le(18);
    long height = Math.abs((long) (int) view.u32le(22)); // negative: rows from the top
    limit.check(width, height);
    long pixels = pixelBytes(view, width, height);
    if (!view.has(view.u32le(10), pixels)) {
      throw ImageRejected.truncated("the BMP is shorter than its header says");
    }
    ImageInfo info = new ImageInfo(ImageFormat.BMP, width, (int) height, Orientation.UPRIGHT);
    return new Inspected(info, Parts.all(data));
  }

  /** The bytes of all rows, each padded to 32 bits; at least one byte where rows are compressed. */
  private static long pixelBytes(ByteView view, long width, long height) {
    long compression = view.u32le(30);
    boolean plain = compression == UNCOMPRESSED || compression == BIT_FIELDS;
    return plain ? (width * view.u16le(28) + 31) / 32 * 4 * height : 1;
  }
}
