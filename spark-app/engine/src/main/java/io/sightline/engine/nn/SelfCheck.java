package io.sightline.engine.nn;

import java.nio.FloatBuffer;
import java.util.Random;

/** Compares a compiled network with BigDL's plain forward before it may answer anybody. */
final class SelfCheck {
  private static final int SAMPLES = 2;
  private static final long SEED = 20_240_521L;

  private final NetworkSource source;
  private final float[] images;
  private final float[] expected;

  SelfCheck(NetworkSource source, Runner referee) {
    this.source = source;
    this.images = noise(SAMPLES * source.inputLength());
    this.expected = new float[SAMPLES * source.outputs()];
    referee.forward(FloatBuffer.wrap(images), SAMPLES, expected);
  }

  /** With the referee's answers of an earlier start. */
  SelfCheck(NetworkSource source, float[] expected) {
    if (expected.length != SAMPLES * source.outputs()) {
      throw new IllegalArgumentException(expected.length + " answers for " + SAMPLES + " images");
    }
    this.source = source;
    this.images = noise(SAMPLES * source.inputLength());
    this.expected = expected.clone();
  }

  /** The referee's answers, image by image. */
  float[] expected() {
    return expected.clone();
  }

  /**
   * How far off the runner is in a batch of {@code n} copies of the samples; 0 is equal, above 1 or NaN is too far.
   *
   * <p>1 is where a probability differs by {@link Precision#tolerance}, or where BigDL gives the label that the runner
   * puts first that much less than its own first: labels that BigDL hardly tells apart may change places. Of features,
   * which have no bounds, 1 is where one differs by {@link Precision#relative}.
   */
  double deviation(Runner runner, int n, Precision precision) {
    int length = source.inputLength();
    int outputs = source.outputs();
    float[] input = new float[n * length];
    float[] actual = new float[n * outputs];
    for (int i = 0; i < n; i++) {
      System.arraycopy(images, i % SAMPLES * length, input, i * length, length);
    }
    runner.forward(FloatBuffer.wrap(input), n, actual);
    double worst = 0;
    for (int i = 0; i < n; i++) {
      worst = Math.max(worst, deviation(actual, i * outputs, i % SAMPLES * outputs, precision)); // NaN if any is
    }
    return worst;
  }

  /** Of one image, whose probabilities begin at these places. */
  private double deviation(float[] actual, int at, int expectedAt, Precision precision) {
    double worst = 0;
    double peak = 0;
    int first = 0;
    for (int c = 0; c < source.outputs(); c++) {
      worst = Math.max(worst, Math.abs(actual[at + c] - expected[expectedAt + c]));
      peak = Math.max(peak, Math.abs(expected[expectedAt + c]));
      first = actual[at + c] > actual[at + first] ? c : first;
    }
    if (source.layer().isPresent()) {
      return worst == 0 ? 0 : worst / precision.relative(peak); // a layer may well give nothing but zeros
    }
    return Math.max(worst, peak - expected[expectedAt + first]) / precision.tolerance(peak);
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
