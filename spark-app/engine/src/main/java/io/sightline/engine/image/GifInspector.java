package io.sightline.engine.image;

import io.sightline.engine.image.ImageInspector.Dimensions;

/** Walks a GIF's blocks to its trailer; only the first frame is ever classified. */
final class GifInspector {
  private static final int SCREEN_END = 13;
  private static final int EXTENSION = 0x21;
  private static final int GRAPHIC_CONTROL = 0xf9;
  private static final int GRAPHIC_CONTROL_BYTES = 5;
  private static final int IMAGE = 0x2c;
  private static final int TRAILER = 0x3b;
  private static final int IMAGE_HEADER = 9;

  private final ByteView view;
  private final int width;
  private final int height;
  private int position = SCREEN_END;
  private int transparent;
  private GifFrame first;

  private GifInspector(ByteView view) throws ImageRejected {
    this.view = view;
    require(SCREEN_END);
    this.width = view.u16le(6);
    this.height = view.u16le(8);
  }

  static Inspected inspect(ByteView view, byte[] data, Dimensions limit) throws ImageRejected {
    GifInspector gif = walked(view, limit);
    return new Inspected(new ImageInfo(ImageFormat.GIF, gif.width, gif.height, Orientation.UPRIGHT), Parts.all(data));
  }

  /** The first frame of a file that was inspected before. */
  static GifFrame firstFrame(byte[] data) throws ImageRejected {
    return walked(new ByteView(data), new Dimensions(Long.MAX_VALUE)).first;
  }

  private static GifInspector walked(ByteView view, Dimensions limit) throws ImageRejected {
    GifInspector gif = new GifInspector(view);
    limit.check(gif.width, gif.height);
    gif.walk();
    return gif;
  }

  private void walk() throws ImageRejected {
    position = SCREEN_END + 3 * colours(view.u8(10));
    for (int block = next(); block != TRAILER; block = next()) {
      if (block == EXTENSION) {
        extension();
      } else if (block == IMAGE) {
        image();
      } else {
        throw ImageRejected.corrupt("the GIF has no block at byte " + (position - 1));
      }
      skipSubBlocks();
    }
    if (first == null) {
      throw ImageRejected.corrupt("the GIF has no image");
    }
  }

  /** Remembers the transparent colour of the frame that follows: it fills the canvas around the first. */
  private void extension() throws ImageRejected {
    boolean control = next() == GRAPHIC_CONTROL;
    if (control && first == null && view.has(position, GRAPHIC_CONTROL_BYTES) && view.u8(position) == 4) {
      transparent = (view.u8(position + 1) & 1) == 1 ? view.u8(position + 4) : 0;
    }
  }

  private void image() throws ImageRejected {
    require(IMAGE_HEADER);
    int flags = view.u8(position + 8);
    int local = colours(flags);
    int data = position + IMAGE_HEADER + 3 * local;
    if (first == null) {
      GifFrame.Box box =
          new GifFrame.Box(
              view.u16le(position), view.u16le(position + 2), view.u16le(position + 4), view.u16le(position + 6));
      if (!box.within(width, height)) {
        throw ImageRejected.corrupt("the GIF's first frame does not lie on its canvas");
      }
      int palette = local > 0 ? position + IMAGE_HEADER : SCREEN_END;
      int colours = local > 0 ? local : colours(view.u8(10));
      first = new GifFrame(box, (flags & 0x40) != 0, palette, colours, transparent, data);
    }
    position = data + 1;
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

  /** The colours of the table that {@code flags} announce. */
  private static int colours(int flags) {
    return (flags & 0x80) == 0 ? 0 : 1 << (flags & 7) + 1;
  }
}
