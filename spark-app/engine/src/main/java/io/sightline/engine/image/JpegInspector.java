package io.sightline.engine.image;

import io.sightline.engine.image.ImageInspector.Dimensions;

/** Walks a JPEG's segments and scans to its end marker (ITU-T T.81, annex B). */
final class JpegInspector {
  private static final int TEM = 0x01;
  private static final int RST0 = 0xd0;
  private static final int RST7 = 0xd7;
  private static final int EOI = 0xd9;
  private static final int SOS = 0xda;

  private final ByteView view;
  private final Dimensions limit;
  private int position = 2;
  private ImageInfo info;
  private boolean scanned;

  private JpegInspector(ByteView view, Dimensions limit) {
    this.view = view;
    this.limit = limit;
  }

  static ImageInfo inspect(ByteView view, Dimensions limit) throws ImageRejected {
    return new JpegInspector(view, limit).walk();
  }

  private ImageInfo walk() throws ImageRejected {
    for (int marker = nextMarker(); marker != EOI; marker = nextMarker()) {
      if (marker == TEM || isRestart(marker)) {
        continue;
      }
      int length = segmentLength();
      if (isFrame(marker)) {
        readFrame(length);
      }
      position += length;
      if (marker == SOS) {
        skipScan();
      }
    }
    if (info == null || !scanned) {
      throw ImageRejected.corrupt("the JPEG ends without an image");
    }
    return info;
  }

  /** The marker at the position, fill bytes skipped; the position moves behind it. */
  private int nextMarker() throws ImageRejected {
    require(position, 2);
    if (view.u8(position) != 0xff) {
      throw ImageRejected.corrupt("the JPEG has no marker at byte " + position);
    }
    while (view.u8(position) == 0xff) {
      position++;
      require(position, 1);
    }
    return view.u8(position++);
  }

  private int segmentLength() throws ImageRejected {
    require(position, 2);
    int length = view.u16(position);
    if (length < 2) {
      throw ImageRejected.corrupt("a JPEG segment at byte " + position + " has length " + length);
    }
    require(position, length);
    return length;
  }

  private void readFrame(int length) throws ImageRejected {
    if (length < 8 || info != null) {
      throw ImageRejected.corrupt("the JPEG has no single whole frame header");
    }
    int precision = view.u8(position + 2);
    if (precision != 8) {
      throw new ImageRejected(ErrorCode.UNSUPPORTED_TYPE, "a JPEG of " + precision + " bits a sample");
    }
    int height = view.u16(position + 3);
    int width = view.u16(position + 5);
    limit.check(width, height);
    info = new ImageInfo(ImageFormat.JPEG, width, height, false);
  }

  /** Moves over entropy-coded data, where 0xff is followed by 0 or a restart marker, to the next marker. */
  private void skipScan() throws ImageRejected {
    if (info == null) {
      throw ImageRejected.corrupt("the JPEG has a scan before its frame header");
    }
    scanned = true;
    while (true) {
      require(position, 2);
      int next = view.u8(position + 1);
      if (view.u8(position) == 0xff && next != 0 && next != 0xff && !isRestart(next)) {
        return;
      }
      position++;
    }
  }

  private void require(int from, int count) throws ImageRejected {
    if (!view.has(from, count)) {
      throw ImageRejected.truncated("the JPEG has no end marker: it was cut off after " + view.length() + " bytes");
    }
  }

  private static boolean isRestart(int marker) {
    return marker >= RST0 && marker <= RST7;
  }

  /** Start of frame; 0xc4, 0xc8 and 0xcc among them are tables, an extension and arithmetic conditioning. */
  private static boolean isFrame(int marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
  }
}
