package io.sightline.engine.image;

/** The resampling kernels; their width grows with the ratio when an image shrinks, which keeps it free of aliasing. */
public enum Interpolation {
  BILINEAR(1.0) {
    @Override
    double weight(double distance) {
      double x = Math.abs(distance);
      return x < 1.0 ? 1.0 - x : 0.0;
    }
  },
  /** Keys' cubic convolution with a = -1/2. */
  BICUBIC(2.0) {
    @Override
    double weight(double distance) {
      double x = Math.abs(distance);
      if (x < 1.0) {
        return ((CUBIC + 2.0) * x - (CUBIC + 3.0)) * x * x + 1.0;
      }
      return x < 2.0 ? (((x - 5.0) * x + 8.0) * x - 4.0) * CUBIC : 0.0;
    }
  };

  private static final double CUBIC = -0.5;

  private final double support;

  Interpolation(double support) {
    this.support = support;
  }

  /** Half of the kernel's width, in pixels of the larger grid. */
  double support() {
    return support;
  }

  abstract double weight(double distance);
}
