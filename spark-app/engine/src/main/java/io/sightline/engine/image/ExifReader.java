package io.sightline.engine.image;

/** Finds the orientation in an EXIF block, a small TIFF file. What it cannot read leaves the image as it is. */
final class ExifReader {
  private static final int HEADER = 8;
  private static final int ENTRY = 12;
  private static final int ORIENTATION = 0x0112;
  private static final int SHORT = 3;
  private static final int LONG = 4;

  private final ByteView view;
  private final int start;
  private final int end;
  private final boolean little;

  private ExifReader(ByteView view, int start, int end) {
    this.view = view;
    this.start = start;
    this.end = end;
    this.little = view.startsWith(start, "II");
  }

  /** The orientation in bytes {@code start} to {@code end}, which exist and begin with TIFF's byte order. */
  static Orientation orientation(ByteView view, int start, int end) {
    boolean tiff = view.startsWith(start, "II*\0") || view.startsWith(start, "MM\0*");
    return tiff && end - start >= HEADER ? new ExifReader(view, start, end).firstDirectory() : Orientation.UPRIGHT;
  }

  private Orientation firstDirectory() {
    long directory = start + u32(start + 4);
    if (directory + 2 > end) {
      return Orientation.UPRIGHT;
    }
    int entries = u16((int) directory);
    for (long at = directory + 2; entries > 0 && at + ENTRY <= end; at += ENTRY, entries--) {
      if (u16((int) at) == ORIENTATION) {
        return value((int) at);
      }
    }
    return Orientation.UPRIGHT;
  }

  private Orientation value(int entry) {
    return switch (u16(entry + 2)) {
      case SHORT -> Orientation.of(u16(entry + 8));
      case LONG -> Orientation.of(u32(entry + 8));
      default -> Orientation.UPRIGHT;
    };
  }

  private int u16(int at) {
    return little ? view.u16le(at) : view.u16(at);
  }

  private long u32(int at) {
    return little ? view.u32le(at) : view.u32(at);
  }
}
