package io.sightline.engine.image;

import io.sightline.engine.image.ImageInspector.Dimensions;

/** Reads a WebP's RIFF container: its length and the first chunk, which holds the dimensions. */
final class WebpInspector {
  private static final int CHUNK = 20;
  private static final int EXTENDED_ALPHA = 0x10;
  private static final int LOSSLESS_SIGNATURE = 0x2f;

  private WebpInspector() {}

  static ImageInfo inspect(ByteView view, Dimensions limit) throws ImageRejected {
    if (!view.has(0, CHUNK + 10) || !view.has(8, view.u32le(4))) {
      throw ImageRejected.truncated("the WebP is shorter than its header says");
    }
    if (view.startsWith(12, "VP8X")) {
      boolean alpha = (view.u8(CHUNK) & EXTENDED_ALPHA) != 0;
      return info(view.u24le(CHUNK + 4) + 1, view.u24le(CHUNK + 7) + 1, alpha, limit);
    }
    if (view.startsWith(12, "VP8L") && view.u8(CHUNK) == LOSSLESS_SIGNATURE) {
      long bits = view.u32le(CHUNK + 1);
      return info((int) (bits & 0x3fff) + 1, (int) (bits >> 14 & 0x3fff) + 1, (bits >> 28 & 1) == 1, limit);
    }
    if (view.startsWith(12, "VP8 ") && view.startsWith(CHUNK + 3, "\u009d\u0001*")) {
      return info(view.u16le(CHUNK + 6) & 0x3fff, view.u16le(CHUNK + 8) & 0x3fff, false, limit);
    }
    throw ImageRejected.corrupt("the WebP has no image chunk where it must be");
  }

  private static ImageInfo info(int width, int height, boolean alpha, Dimensions limit) throws ImageRejected {
    limit.check(width, height);
    return new ImageInfo(ImageFormat.WEBP, width, height, alpha);
  }
}
