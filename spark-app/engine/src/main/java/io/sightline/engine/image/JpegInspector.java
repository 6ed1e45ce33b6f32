package io.sightline.engine.image;

import io.sightline.engine.image.ImageInspector.Dimensions;

/** Walks a JPEG's segments and scans to its end marker (ITU-T T.81, annex B). */
final class JpegInspector {
  /**
   * Progressive files have about 10 scans, and no encoder that people use writes more than 64; each costs a walk over
   * the whole image, however few bytes it has.
   */
  private static final int MAX_SCANS = 100;

  private static final int TEM = 0x01;
  private static final int SOF2 = 0xc2;
  private static final int RST0 = 0xd0;
  private static final int RST7 = 0xd7;
  private static final int EOI = 0xd9;
  private static final int SOS = 0xda;
  private static final int APP0 = 0xe0;
  private static final int APP1 = 0xe1;
  private static final int APP14 = 0xee;
  private static final int APP15 = 0xef;
  private static final int COMMENT = 0xfe;
  private static final String EXIF = "Exif\0\0";

  private final ByteView view;
  private final Dimensions limit;
  private final Parts parts;
  private int position = 2;
  private int width;
  private int height;
  private Orientation orientation;
  private int scans;

  private JpegInspector(ByteView view, Parts parts, Dimensions limit) {
    this.view = view;
    this.parts = parts;
    this.limit = limit;
  }

  static Inspected inspect(ByteView view, byte[] data, Dimensions limit) throws ImageRejected {
    return new JpegInspector(view, new Parts(data), limit).walk();
  }

  private Inspected walk() throws ImageRejected {
    parts.keep(0, position);
    for (int marker = nextMarker(); marker != EOI; marker = nextMarker()) {
      if (marker != TEM && !isRestart(marker)) {
        segment(marker);
      }
    }
    parts.keep(position - 2, position);
    if (scans == 0) {
      throw ImageRejected.corrupt("the JPEG ends without an image");
    }
    Orientation turn = orientation == null ? Orientation.UPRIGHT : orientation;
    return new Inspected(new ImageInfo(ImageFormat.JPEG, width, height, turn), parts);
  }

  private void segment(int marker) throws ImageRejected {
    int start = position - 2;
    int length = segmentLength();
    if (isFrame(marker)) {
      readFrame(marker, length);
    } else if (marker == APP1) {
      readExif(length);
    }
    position += length;
    if (marker == SOS) {
      skipScan();
    }
    if (!isMetadata(marker)) {
      parts.keep(start, position);
    }
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

  private void readFrame(int marker, int length) throws ImageRejected {
    if (marker > SOF2) {
      throw unsupported("lossless, hierarchical or arithmetically coded");
    }
    if (length < 8 || width != 0) {
      throw ImageRejected.corrupt("the JPEG has no single whole frame header");
    }
    int precision = view.u8(position + 2);
    if (precision != 8) {
      throw unsupported("of " + precision + " bits a sample");
    }
    int components = view.u8(position + 7);
    if (components != 1 && components != 3 && components != 4) {
      throw unsupported("of " + components + " components");
    }
    limit.check(view.u16(position + 5), view.u16(position + 3));
    height = view.u16(position + 3);
    width = view.u16(position + 5);
  }

  private static ImageRejected unsupported(String what) {
    return new ImageRejected(ErrorCode.UNSUPPORTED_TYPE, "a JPEG " + what);
  }

  /** The first EXIF segment counts. */
  private void readExif(int length) {
    int tiff = position + 2 + EXIF.length();
    if (orientation == null && tiff <= position + length && view.startsWith(position + 2, EXIF)) {
      orientation = ExifReader.orientation(view, tiff, position + length);
    }
  }

  /** Moves over entropy-coded data, where 0xff is followed by 0 or a restart marker, to the next marker. */
  private void skipScan() throws ImageRejected {
    if (width == 0) {
      throw ImageRejected.corrupt("the JPEG has a scan before its frame header");
    }
    if (++scans > MAX_SCANS) {
      throw unsupported("of more than " + MAX_SCANS + " scans");
    }
    while (true) {
      position = view.find(0xff, position);
      require(position, 2);
      int next = view.u8(position + 1);
      if (next != 0 && next != 0xff && !isRestart(next)) {
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

  /** Segments that change no pixel: all but JFIF's and Adobe's, which name the colour space. */
  private static boolean isMetadata(int marker) {
    return marker == COMMENT || marker > APP0 && marker <= APP15 && marker != APP14;
  }
}
