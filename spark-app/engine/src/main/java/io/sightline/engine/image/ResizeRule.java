package io.sightline.engine.image;

import static io.sightline.engine.image.ImageInspector.MAX_SIDE;

/**
 * How a source of any size becomes {@code width} x {@code height} pixels: resized, then cut from the centre.
 *
 * @param size of the resized image, as {@code shape} says
 */
public record ResizeRule(Shape shape, int size, Interpolation interpolation, int width, int height) {
  /**
   * How many times larger than the resized image a reduced one stays. With 2.5 the mean of a photo's pixels moves by at
   * most about one level; with 2 it was 1.4, with 1 nearly 5. Larger ones would leave 12-megapixel photos at a half.
   */
  private static final double MARGIN = 2.5;

  /** Below a megapixel there is too little to gain to touch a pixel. */
  private static final long LARGE = 1_000_000;

  /** The resized image before the cut. */
  public enum Shape {
    /** {@code size} x {@code size}: the ratio is not kept. */
    STRETCH,
    /** The shorter side is {@code size}; the ratio is kept. */
    SHORTER_SIDE
  }

  /**
   * @throws IllegalArgumentException the cut is larger than the resized image, or larger than any source may be
   */
  public ResizeRule {
    if (width < 1 || height < 1 || size < Math.max(width, height) || size > MAX_SIDE) {
      throw new IllegalArgumentException("cannot cut " + width + " x " + height + " pixels from an image of " + size);
    }
  }

  /** How the columns of an image are resampled that lie on {@code columns}; width and height are those of the whole. */
  Axis.Key horizontal(int sourceWidth, int sourceHeight, Extent columns) {
    return key(resized(sourceWidth, sourceHeight), columns, width);
  }

  /** How the rows of an image are resampled that lie on {@code rows}; width and height are those of the whole. */
  Axis.Key vertical(int sourceWidth, int sourceHeight, Extent rows) {
    return key(resized(sourceHeight, sourceWidth), rows, height);
  }

  /**
   * The largest of 8, 4, 2 and 1 by which a codec may reduce both sides of a source of at least {@link #LARGE} pixels
   * and leave {@link #MARGIN} times the resized image.
   */
  int reduction(int sourceWidth, int sourceHeight) {
    double columns = MARGIN * resized(sourceWidth, sourceHeight);
    double rows = MARGIN * resized(sourceHeight, sourceWidth);
    int reduction = (long) sourceWidth * sourceHeight < LARGE ? 1 : 8;
    while (reduction > 1 && (sourceWidth < reduction * columns || sourceHeight < reduction * rows)) {
      reduction /= 2;
    }
    return reduction;
  }

  private Axis.Key key(long resized, Extent side, int count) {
    return new Axis.Key(interpolation, side, resized, (resized - count) / 2, count);
  }

  private long resized(int side, int otherSide) {
    return shape == Shape.STRETCH ? size : keepingRatio(side, otherSide);
  }

  /** The side after the shorter one became {@code size}; ties round to even, as the models' training code does. */
  private long keepingRatio(int side, int otherSide) {
    return (long) Math.rint((double) side * size / Math.min(side, otherSide));
  }
}
