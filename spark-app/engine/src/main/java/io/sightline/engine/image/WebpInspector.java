package io.sightline.engine.image;

import io.sightline.engine.image.ImageInspector.Dimensions;

/** Reads a WebP's RIFF container: its length, the first chunk, which holds the dimensions, and EXIF. */
final class WebpInspector {
  private static final int FIRST_CHUNK = 12;
  private static final int HEADER = 8;
  private static final int CHUNK = FIRST_CHUNK + HEADER;
  private static final int LOSSLESS_SIGNATURE = 0x2f;

  private final ByteView view;
  private final byte[] data;
  private final Dimensions limit;

  private WebpInspector(ByteView view, byte[] data, Dimensions limit) {
    this.view = view;
    this.data = data;
    this.limit = limit;
  }

  static Inspected inspect(ByteView view, byte[] data, Dimensions limit) throws ImageRejected {
    if (!view.has(0, CHUNK + 10) || !view.has(HEADER, view.u32le(4))) {
      throw ImageRejected.truncated("the WebP is shorter than its header says");
    }
    return new WebpInspector(view, data, limit).firstChunk();
  }

  private Inspected firstChunk() throws ImageRejected {
    if (view.startsWith(FIRST_CHUNK, "VP8X")) {
      return inspected(view.u24le(CHUNK + 4) + 1, view.u24le(CHUNK + 7) + 1, exif());
    }
    if (view.startsWith(FIRST_CHUNK, "VP8L") && view.u8(CHUNK) == LOSSLESS_SIGNATURE) {
      long bits = view.u32le(CHUNK + 1);
      return inspected((int) (bits & 0x3fff) + 1, (int) (bits >> 14 & 0x3fff) + 1, Orientation.UPRIGHT);
    }
    if (view.startsWith(FIRST_CHUNK, "VP8 ") && view.startsWith(CHUNK + 3, "\u009d\u0001*")) {
      int width = view.u16le(CHUNK + 6) & 0x3fff;
      return inspected(width, view.u16le(CHUNK + 8) & 0x3fff, Orientation.UPRIGHT);
    }
    throw ImageRejected.corrupt("the WebP has no image chunk where it must be");
  }

  /** The orientation in the first EXIF chunk; some writers put JPEG's introduction before the block. */
  private Orientation exif() {
    long position = FIRST_CHUNK;
    while (view.has(position, HEADER) && view.has(position + HEADER, view.u32le((int) position + 4))) {
      int from = (int) position + HEADER;
      long length = view.u32le((int) position + 4);
      if (view.startsWith((int) position, "EXIF")) {
        int tiff = view.startsWith(from, "Exif\0\0") ? from + 6 : from;
        return ExifReader.orientation(view, tiff, (int) (from + length));
      }
      position = from + length + (length & 1);
    }
    return Orientation.UPRIGHT;
  }

  private Inspected inspected(int width, int height, Orientation turn) throws ImageRejected {
    limit.check(width, height);
    return new Inspected(new ImageInfo(ImageFormat.WEBP, width, height, turn), Parts.all(data));
  }
}
