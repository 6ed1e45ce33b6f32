package io.sightline.engine.nn;

/**
 * How a tensor is kept: as real numbers, or as whole numbers of eight bits.
 *
 * @param scale what one stands for; 1 for real numbers
 */
record Storage(Kind kind, float scale) {
  static final Storage REAL = new Storage(Kind.REAL, 1);

  enum Kind {
    REAL(0),
    /** From -127 to 127, so that zero is in the middle. */
    SIGNED(127),
    UNSIGNED(255);

    private final int levels;

    Kind(int levels) {
      this.levels = levels;
    }

    /** The largest whole number. */
    int levels() {
      return levels;
    }
  }

  /** Whole numbers up to {@code bound} in magnitude. A tensor of zeros needs no particular scale. */
  static Storage whole(Kind kind, float bound) {
    return new Storage(kind, bound == 0 ? 1 : bound / kind.levels());
  }

  /** Whether storing a value does all that the function would: whole numbers end at 0 and at their largest anyway. */
  boolean clips(Activation activation) {
    if (kind != Kind.UNSIGNED || activation.alpha() != 0) {
      return false;
    }
    return switch (activation.kind()) {
      case RELU -> true;
      case CLIP -> Math.round(activation.beta() / scale) >= kind.levels();
      default -> false;
    };
  }

  boolean isWhole() {
    return kind != Kind.REAL;
  }
}
