package io.sightline.engine.image;

import io.sightline.engine.image.ImageInspector.Dimensions;
import java.util.zip.CRC32;

/**
 * Walks a PNG's chunks to IEND and verifies every checksum. Of an animation the codec gets the still image, which is
 * what readers without animation show.
 */
final class PngInspector {
  private static final int FIRST_CHUNK = 8;
  private static final int HEADER_LENGTH = 13;

  private final ByteView view;
  private final byte[] data;
  private final Parts parts;
  private int position = FIRST_CHUNK;
  private boolean pixels;
  private Orientation orientation = Orientation.UPRIGHT;

  private PngInspector(ByteView view, byte[] data) {
    this.view = view;
    this.data = data;
    this.parts = new Parts(data);
  }

  static Inspected inspect(ByteView view, byte[] data, Dimensions limit) throws ImageRejected {
    return new PngInspector(view, data).walk(limit);
  }

  private Inspected walk(Dimensions limit) throws ImageRejected {
    checkHeader(limit);
    parts.keep(0, FIRST_CHUNK);
    boolean ended = false;
    while (!ended) {
      int end = chunkEnd();
      ended = isChunk("IEND");
      chunk(end);
      position = end;
    }
    if (!pixels) {
      throw ImageRejected.corrupt("the PNG has no pixels");
    }
    int width = (int) view.u32(FIRST_CHUNK + 8);
    int height = (int) view.u32(FIRST_CHUNK + 12);
    return new Inspected(new ImageInfo(ImageFormat.PNG, width, height, orientation), parts);
  }

  private void checkHeader(Dimensions limit) throws ImageRejected {
    chunkEnd();
    if (!isChunk("IHDR") || view.u32(FIRST_CHUNK) != HEADER_LENGTH) {
      throw ImageRejected.corrupt("the PNG does not begin with its header chunk");
    }
    limit.check(view.u32(FIRST_CHUNK + 8), view.u32(FIRST_CHUNK + 12));
  }

  private void chunk(int end) {
    pixels |= isChunk("IDAT");
    if (isChunk("eXIf")) {
      orientation = ExifReader.orientation(view, position + 8, end - 4);
    }
    if (isCritical() || isChunk("tRNS")) {
      parts.keep(position, end);
    }
  }

  private boolean isChunk(String type) {
    return view.startsWith(position + 4, type);
  }

  /** Whether a reader must understand the chunk: its type begins with a capital letter. */
  private boolean isCritical() {
    return (view.u8(position + 4) & 0x20) == 0;
  }

  /** Where the chunk at the position ends, its checksum verified. */
  private int chunkEnd() throws ImageRejected {
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
