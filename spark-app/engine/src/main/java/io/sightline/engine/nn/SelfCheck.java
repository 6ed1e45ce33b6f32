package io.sightline.engine.nn;

import java.nio.FloatBuffer;
import java.util.Random;

/** Compares a compiled network with BigDL's plain forward before it may answer anybody. */
final class SelfCheck {
  /** Single precision in another order of summing differs by some 1e-6. */
  private static final double TOLERANCE = 1e-4;
  /** The same relative to the largest probability: with 1000 classes and noise for input, all are small. */
  private static final double RELATIVE_TOLERANCE = 1e-3;

  private static final int SAMPLES = 2;
  private static final long SEED = 20_240_521L;

  private final NetworkSource source;
  private final float[] images;
  private final float[] expected;

  SelfCheck(NetworkSource source, Runner referee) {
    this.source = source;
    this.images = noise(SAMPLES * source.inputLength());
    this.expected = new float[SAMPLES * source.classes()];
    referee.forward(FloatBuffer.wrap(images), SAMPLES, expected);
  }

  /** How far off the runner is in a batch of {@code n} copies of the samples; 0 is equal, above 1 or NaN is too far. */
  double deviation(Runner runner, int n) {
    int length = source.inputLength();
    int classes = source.classes();
    float[] input = new float[n * length];
    float[] actual = new float[n * classes];
    for (int i = 0; i < n; i++) {
      System.arraycopy(images, i % SAMPLES * length, input, i * length, length);
    }
    runner.forward(FloatBuffer.wrap(input), n, actual);
    double worst = 0;
    for (int i = 0; i < actual.length; i++) {
      worst = Math.max(worst, Math.abs(actual[i] - expected[i % expected.length])); // NaN if any is
    }
    return worst / Math.min(TOLERANCE, RELATIVE_TOLERANCE * peak());
  }

  private double peak() {
    double peak = 0;
    for (float value : expected) {
      peak = Math.max(peak, value);
    }
    return peak;
  }

  private static float[] noise(int length) {
    Random random = new Random(SEED);
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
