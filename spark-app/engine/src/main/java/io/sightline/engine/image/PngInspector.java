package io.sightline.engine.image;

import io.sightline.engine.image.ImageInspector.Dimensions;
import java.util.zip.CRC32;

/** Walks a PNG's chunks to IEND and verifies every checksum. */
final class PngInspector {
  private static final int FIRST_CHUNK = 8;
  private static final int HEADER_LENGTH = 13;
  private static final int GREY_ALPHA = 4;
  private static final int RGB_ALPHA = 6;

  private PngInspector() {}

  static ImageInfo inspect(ByteView view, byte[] data, Dimensions limit) throws ImageRejected {
    ImageInfo header = header(view, data, limit);
    boolean alpha = header.alpha();
    boolean pixels = false;
    int position = FIRST_CHUNK;
    while (!view.startsWith(position + 4, "IEND")) {
      pixels |= view.startsWith(position + 4, "IDAT");
      alpha |= view.startsWith(position + 4, "tRNS");
      position = chunkEnd(view, data, position);
    }
    chunkEnd(view, data, position);
    if (!pixels) {
      throw ImageRejected.corrupt("the PNG has no pixels");
    }
    return new ImageInfo(ImageFormat.PNG, header.width(), header.height(), alpha);
  }

  private static ImageInfo header(ByteView view, byte[] data, Dimensions limit) throws ImageRejected {
    chunkEnd(view, data, FIRST_CHUNK);
    if (!view.startsWith(FIRST_CHUNK + 4, "IHDR") || view.u32(FIRST_CHUNK) != HEADER_LENGTH) {
      throw ImageRejected.corrupt("the PNG does not begin with its header chunk");
    }
    long width = view.u32(FIRST_CHUNK + 8);
    long height = view.u32(FIRST_CHUNK + 12);
    limit.check(width, height);
    int colour = view.u8(FIRST_CHUNK + 17);
    boolean alpha = colour == GREY_ALPHA || colour == RGB_ALPHA;
    return new ImageInfo(ImageFormat.PNG, (int) width, (int) height, alpha);
  }

  /** Where the chunk at {@code position} ends, its checksum verified. */
  private static int chunkEnd(ByteView view, byte[] data, int position) throws ImageRejected {
    if (!view.has(position, 12) || !view.has(position + 12L, view.u32(position))) {
      throw ImageRejected.truncated("the PNG has no end chunk: it was cut off after " + data.length + " bytes");
    }
    int length = (int) view.u32(position);
    CRC32 crc = new CRC32();
    crc.update(data, position + 4, length + 4);
    if (crc.getValue() != view.u32(position + 8 + length)) {
      throw ImageRejected.corrupt("the checksum of the PNG chunk at byte " + position + " is wrong");
    }
    return position + 12 + length;
  }
}
