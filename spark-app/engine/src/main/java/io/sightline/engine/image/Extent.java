package io.sightline.engine.image;

/**
 * Where one side of the whole image lies on the pixels that its codec made of it. A codec that reduces a side of 13 to
 * a quarter gives 4 pixels, of which 3.25 are the image.
 *
 * @param begin of the image, in pixels
 * @param length of the image, in pixels
 * @param pixels of the side
 */
record Extent(double begin, double length, int pixels) {
  /** A side reduced by {@code reduction}; {@code mirrored}: its incomplete pixel comes first. */
  static Extent of(int side, int reduction, boolean mirrored) {
    int pixels = (side + reduction - 1) / reduction;
    double length = (double) side / reduction;
    return new Extent(mirrored ? pixels - length : 0, length, pixels);
  }

  static Extent whole(int side) {
    return of(side, 1, false);
  }
}
