package io.sightline.engine.nn;

/**
 * A layer's parameters in whole numbers.
 *
 * @param kernel from -127 to 127, in the order of {@link Weights}
 * @param scales what one stands for, per output
 * @param bias still in real numbers
 */
record WholeWeights(float[] kernel, float[] scales, float[] bias) {
  private static final int LEVELS = 127;

  static WholeWeights of(Weights weights) {
    float[] kernel = new float[weights.kernel().length];
    float[] scales = new float[weights.outputs()];
    int perOutput = kernel.length / scales.length;
    for (int o = 0; o < scales.length; o++) {
      scales[o] = scale(weights.kernel(), o * perOutput, perOutput);
      for (int i = o * perOutput; i < (o + 1) * perOutput; i++) {
        kernel[i] = Math.round(weights.kernel()[i] / scales[o]);
      }
    }
    return new WholeWeights(kernel, scales, weights.bias());
  }

  /** The bias where one stands for {@code unit}. */
  float[] bias(float unit) {
    float[] inUnits = bias.clone();
    for (int o = 0; o < inUnits.length; o++) {
      inUnits[o] /= unit;
    }
    return inUnits;
  }

  private static float scale(float[] kernel, int offset, int length) {
    float largest = 0;
    for (int i = offset; i < offset + length; i++) {
      largest = Math.max(largest, Math.abs(kernel[i]));
    }
    return largest == 0 ? 1 : largest / LEVELS;
  }
}
