package io.sightline.engine.image;

import static io.sightline.engine.image.ImageInspector.MAX_SIDE;

/**
 * How a source of any size becomes {@code width} x {@code height} pixels: resized, then cut from the centre.
 *
 * @param size of the resized image, as {@code shape} says
 */
public record ResizeRule(Shape shape, int size, Interpolation interpolation, int width, int height) {
  /** The resized image before the cut. */
  public enum Shape {
    /** {@code size} x {@code size}: the ratio is not kept. */
    SQUARE,
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

  /** How the columns are resampled. */
  Axis.Key horizontal(int sourceWidth, int sourceHeight) {
    return key(sourceWidth, sourceHeight, width);
  }

  /** How the rows are resampled. */
  Axis.Key vertical(int sourceWidth, int sourceHeight) {
    return key(sourceHeight, sourceWidth, height);
  }

  private Axis.Key key(int side, int otherSide, int count) {
    long resized = shape == Shape.SQUARE ? size : keepingRatio(side, otherSide);
    return new Axis.Key(interpolation, side, resized, (resized - count) / 2, count);
  }

  /** The side after the shorter one became {@code size}; ties round to even, as the models' training code does. */
  private long keepingRatio(int side, int otherSide) {
    return (long) Math.rint((double) side * size / Math.min(side, otherSide));
  }
}
