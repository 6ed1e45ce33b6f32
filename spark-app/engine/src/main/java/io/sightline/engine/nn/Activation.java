package io.sightline.engine.nn;

/** A function of one value. */
record Activation(Kind kind, float alpha, float beta) {

  enum Kind {
    /** {@code x > 0 ? x : alpha * x}. */
    RELU,
    /** {@code min(max(x, alpha), beta)}. */
    CLIP,
    TANH,
    SIGMOID,
    EXP
  }

  static Activation relu(float slope) {
    return new Activation(Kind.RELU, slope, 0);
  }

  static Activation clip(float low, float high) {
    return new Activation(Kind.CLIP, low, high);
  }

  static Activation of(Kind kind) {
    return new Activation(kind, 0, 0);
  }
}
