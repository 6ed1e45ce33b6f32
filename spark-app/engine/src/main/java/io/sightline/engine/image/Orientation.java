package io.sightline.engine.image;

/** How a stored image must be turned to stand upright: the eight values of EXIF's tag 0x0112, in their order. */
public enum Orientation {
  UPRIGHT(false, false, false),
  MIRRORED(false, true, false),
  UPSIDE_DOWN(false, true, true),
  MIRRORED_UPSIDE_DOWN(false, false, true),
  TRANSPOSED(true, false, false),
  TURNED_LEFT(true, true, false),
  TRANSVERSE(true, true, true),
  TURNED_RIGHT(true, false, true);

  private static final Orientation[] VALUES = values();

  private final boolean transposed;
  private final boolean mirroredX;
  private final boolean mirroredY;

  Orientation(boolean transposed, boolean mirroredX, boolean mirroredY) {
    this.transposed = transposed;
    this.mirroredX = mirroredX;
    this.mirroredY = mirroredY;
  }

  /** The orientation of EXIF's {@code value}; a value that EXIF does not know changes nothing, as in Pillow. */
  static Orientation of(long value) {
    return value >= 1 && value <= VALUES.length ? VALUES[(int) value - 1] : UPRIGHT;
  }

  /** Whether stored columns are upright rows. Done first; the mirrors are those of the transposed image. */
  boolean transposed() {
    return transposed;
  }

  /** Whether the upright image's columns run backwards. */
  boolean mirroredX() {
    return mirroredX;
  }

  /** Whether the upright image's rows run backwards. */
  boolean mirroredY() {
    return mirroredY;
  }
}
