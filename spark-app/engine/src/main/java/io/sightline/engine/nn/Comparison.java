package io.sightline.engine.nn;

import java.nio.FloatBuffer;
import java.util.function.Supplier;

/** Runs images in two ways and keeps book of how much the answers differ. Owns both backends. */
final class Comparison implements AutoCloseable {
  private final Backend reference;
  private final Backend candidate;
  private final Runner expecting;
  private final Runner answering;
  private final float[] expected;
  private final float[] actual;
  private int images;
  private int agreeing;
  private double distances;

  private Comparison(Backend reference, Backend candidate, int classes) {
    this.reference = reference;
    this.candidate = candidate;
    this.expecting = reference.newRunner();
    this.answering = candidate.newRunner();
    this.expected = new float[classes];
    this.actual = new float[classes];
  }

  /** Takes the reference over; closes it where the candidate cannot be made. */
  static Comparison of(Backend reference, Supplier<Backend> candidate, int classes) {
    Backend made = null;
    try {
      made = candidate.get();
    } finally {
      if (made == null) {
        reference.close();
      }
    }
    return new Comparison(reference, made, classes);
  }

  Runner candidate() {
    return answering;
  }

  /** Whether both put the same label first for the image that begins at the buffer's position. */
  boolean compare(FloatBuffer image) {
    expecting.forward(image, 1, expected);
    answering.forward(image, 1, actual);
    boolean agrees = first(expected) == first(actual);
    images++;
    agreeing += agrees ? 1 : 0;
    distances += distance();
    return agrees;
  }

  int images() {
    return images;
  }

  /** The share of images with the same first label. */
  double meanAgreement() {
    return (double) agreeing / images;
  }

  /** Total variation distance: the probability that would have to move from label to label. */
  double meanDistance() {
    return distances / images;
  }

  @Override
  public void close() {
    expecting.close();
    answering.close();
    reference.close();
    candidate.close();
  }

  private double distance() {
    double sum = 0;
    for (int c = 0; c < expected.length; c++) {
      sum += Math.abs(expected[c] - actual[c]);
    }
    return sum / 2;
  }

  private static int first(float[] probabilities) {
    int first = 0;
    for (int c = 1; c < probabilities.length; c++) {
      first = probabilities[c] > probabilities[first] ? c : first;
    }
    return first;
  }
}
