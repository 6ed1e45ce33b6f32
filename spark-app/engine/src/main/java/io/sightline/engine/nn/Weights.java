package io.sightline.engine.nn;

/**
 * A layer's parameters, output channel by output channel; never written after construction.
 *
 * @param kernel {@code outputs x} (what one output reads) values
 * @param bias one value per output
 */
record Weights(float[] kernel, float[] bias) {

  int outputs() {
    return bias.length;
  }

  /** The weights of {@code scale * layer(x) + shift}, per output. */
  Weights scaled(Op.Affine affine) {
    int perOutput = kernel.length / outputs();
    float[] newKernel = new float[kernel.length];
    float[] newBias = new float[bias.length];
    for (int o = 0; o < outputs(); o++) {
      float scale = affine.scale()[o];
      newBias[o] = bias[o] * scale + affine.shift()[o];
      for (int i = o * perOutput; i < (o + 1) * perOutput; i++) {
        newKernel[i] = kernel[i] * scale;
      }
    }
    return new Weights(newKernel, newBias);
  }
}
