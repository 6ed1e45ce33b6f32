package io.sightline.engine.model;

import java.util.Arrays;
import java.util.List;

/** One image on its way through a batch; collects what became of it. For one thread. */
public final class Item {
  private static final double NANOS = 1e6;

  private final byte[] image;
  private final Ask ask;
  private Model model;
  private double decode;
  private double inference;
  private List<Prediction> predictions = List.of();
  private float[] outputs = {};
  private Failure failure;
  private boolean settled;

  public Item(byte[] image, Ask ask) {
    this.image = image;
    this.ask = ask;
  }

  byte[] image() {
    return image;
  }

  /** The reference as asked for, which a result shows when there is no such model. */
  public String asked() {
    return ask.reference();
  }

  /** What it was or would have been classified by; null where that was not found. */
  public Model model() {
    return model;
  }

  /** The most probable labels first; none when it failed. */
  public List<Prediction> predictions() {
    return predictions;
  }

  /** All outputs of the model, if they were asked for and it did not fail. */
  public float[] outputs() {
    return outputs;
  }

  /** Null when it was classified. */
  public Failure failure() {
    return failure;
  }

  /** Milliseconds of inspecting, decoding and resizing. */
  public double decodeMs() {
    return decode;
  }

  /** Milliseconds: its share of its batch's forward. */
  public double inferenceMs() {
    return inference;
  }

  void found(Model found) {
    model = found;
  }

  void decodedIn(long nanos) {
    decode = nanos / NANOS;
  }

  /**
   * @param all outputs of several images one after the other; this one's begin at {@code from}
   * @throws ArithmeticException a probability or a feature is not a number; the item is as before
   */
  void classified(float[] all, int from, long nanos) {
    if (model.labels().isEmpty()) {
      requireNumbers(all, from, model.outputLength());
    }
    predictions = Prediction.top(all, from, model.labels(), ask.top());
    if (ask.outputs()) {
      outputs = Arrays.copyOfRange(all, from, from + model.outputLength());
    }
    inference = nanos / NANOS;
    settled = true;
  }

  private static void requireNumbers(float[] features, int from, int length) {
    for (int i = from; i < from + length; i++) {
      if (!Float.isFinite(features[i])) {
        throw new ArithmeticException("the layer gave no number for feature " + (i - from));
      }
    }
  }

  void fail(Failure why) {
    predictions = List.of();
    outputs = new float[0];
    failure = why;
    settled = true;
  }

  /** Whether it is classified or has failed: what has an outcome keeps it. */
  boolean settled() {
    return settled;
  }
}
