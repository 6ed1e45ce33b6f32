package io.sightline.engine.nn;

/** Turns one row of a last layer's values into probabilities, in place. */
final class Probabilities {
  private Probabilities() {}

  static void apply(OutputKind kind, float[] values, int offset, int classes) {
    switch (kind) {
      case PROBABILITIES -> { }
      case LOG_PROBABILITIES -> exp(values, offset, classes, 0);
      case LOGITS -> softmax(values, offset, classes);
    }
  }

  private static void softmax(float[] values, int offset, int classes) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = offset; i < offset + classes; i++) {
      max = Math.max(max, values[i]);
    }
    double sum = exp(values, offset, classes, max);
    for (int i = offset; i < offset + classes; i++) {
      values[i] = (float) (values[i] / sum);
    }
  }

  private static double exp(float[] values, int offset, int classes, float max) {
    double sum = 0;
    for (int i = offset; i < offset + classes; i++) {
      double value = Math.exp(values[i] - max);
      values[i] = (float) value;
      sum += value;
    }
    return sum;
  }
}
