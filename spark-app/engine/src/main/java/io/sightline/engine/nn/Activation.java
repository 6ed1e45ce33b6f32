package io.sightline.engine.nn;

/** A function of one value. */
record Activation(Kind kind, float alpha, float beta) {

  enum Kind {
    /** {@code x > 0 ? x : alpha * x}. */
    RELU,
    /** {@code min(max(x, alpha), beta)}. */
    CLIP,
    /** {@code x > 0 ? x : alpha * (exp(x) - 1)}. */
    ELU,
    /** {@code log(1 + exp(alpha * x)) / alpha}. */
    SOFT_PLUS,
    /** {@code min(max(alpha * x + beta, 0), 1)}. */
    HARD_SIGMOID,
    /** {@code x * sigmoid(alpha * x)}. */
    SWISH,
    /** {@code alpha * x + beta}. */
    LINEAR,
    /** {@code alpha * x ^ beta}. */
    POWER,
    TANH,
    SIGMOID,
    EXP,
    LOG,
    ABS,
    SQUARE,
    SQRT
  }

  static Activation relu(float slope) {
    return new Activation(Kind.RELU, slope, 0);
  }

  static Activation clip(float low, float high) {
    return new Activation(Kind.CLIP, low, high);
  }

  static Activation linear(float factor, float summand) {
    return new Activation(Kind.LINEAR, factor, summand);
  }

  static Activation of(Kind kind) {
    return new Activation(kind, 0, 0);
  }

  /** Whether it gives every value back. */
  boolean isIdentity() {
    return kind == Kind.LINEAR && alpha == 1 && beta == 0;
  }

  /** Whether no result can be negative. */
  boolean isNeverNegative() {
    return switch (kind) {
      case RELU -> alpha == 0;
      case CLIP -> alpha >= 0;
      case SIGMOID, HARD_SIGMOID, EXP, ABS, SQUARE, SQRT -> true;
      case SOFT_PLUS -> alpha > 0;
      case ELU, SWISH, LINEAR, POWER, TANH, LOG -> false;
    };
  }
}
