package io.sightline.engine.image;

import io.sightline.engine.image.ImageInspector.Dimensions;

/** Walks a GIF's blocks to its trailer; only the first frame is ever classified. */
final class GifInspector {
  private static final int SCREEN_END = 13;
  private static final int EXTENSION = 0x21;
  private static final int IMAGE = 0x2c;
  private static final int TRAILER = 0x3b;

  private final ByteView view;
  private int position;
  private boolean framed;

  private GifInspector(ByteView view) {
    this.view = view;
  }

  static Inspected inspect(ByteView view, byte[] data, Dimensions limit) throws ImageRejected {
    GifInspector gif = new GifInspector(view);
    gif.require(SCREEN_END);
    int width = view.u16le(6);
    int height = view.u16le(8);
    limit.check(width, height);
    gif.walk(limit);
    ImageInfo info = new ImageInfo(ImageFormat.GIF, width, height, Orientation.UPRIGHT);
    return new Inspected(info, Parts.all(data));
  }

  private void walk(Dimensions limit) throws ImageRejected {
    position = SCREEN_END + tableLength(view.u8(10));
    for (int block = next(); block != TRAILER; block = next()) {
      if (block == EXTENSION) {
        next();
      } else if (block == IMAGE) {
        skipImageHeader(limit);
      } else {
        throw ImageRejected.corrupt("the GIF has no block at byte " + (position - 1));
      }
      skipSubBlocks();
    }
    if (!framed) {
      throw ImageRejected.corrupt("the GIF has no image");
    }
  }

  private void skipImageHeader(Dimensions limit) throws ImageRejected {
    require(10);
    limit.check(view.u16le(position + 4), view.u16le(position + 6));
    position += 9 + tableLength(view.u8(position + 8)) + 1;
    framed = true;
  }

  private void skipSubBlocks() throws ImageRejected {
    for (int length = next(); length != 0; length = next()) {
      position += length;
    }
  }

  private int next() throws ImageRejected {
    require(1);
    return view.u8(position++);
  }

  private void require(int count) throws ImageRejected {
    if (!view.has(position, count)) {
      throw ImageRejected.truncated("the GIF has no trailer: it was cut off after " + view.length() + " bytes");
    }
  }

  /** The bytes of the colour table that {@code flags} announce. */
  private static int tableLength(int flags) {
    return (flags & 0x80) == 0 ? 0 : 3 << (flags & 7) + 1;
  }
}
