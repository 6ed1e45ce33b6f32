package io.sightline.engine.stream;

import java.util.List;

/** One record on its way through a batch; collects what its outcome says. */
final class Item {
  private static final double NANOS = 1e6;

  private final ImageRecord record;
  private final double queue;
  private Outcome.Classifier classifier = Outcome.Classifier.unknown("");
  private double decode;
  private double inference;
  private List<Prediction> predictions = List.of();
  private Failure failure;

  Item(ImageRecord record) {
    this.record = record;
    this.queue = Math.max(0, System.currentTimeMillis() - record.origin().timestamp());
  }

  ImageRecord record() {
    return record;
  }

  /** The reference as asked for, which the result shows when there is no such model. */
  void asked(String reference) {
    classifier = Outcome.Classifier.unknown(reference);
  }

  void found(Model model) {
    classifier = Outcome.Classifier.of(model);
  }

  void decodedIn(long nanos) {
    decode = nanos / NANOS;
  }

  void classified(List<Prediction> top, long nanos) {
    predictions = top;
    inference = nanos / NANOS;
  }

  void fail(Failure why) {
    failure = why;
  }

  /** Whether it is classified or has failed: what has an outcome keeps it. */
  boolean settled() {
    return failure != null || !predictions.isEmpty();
  }

  Outcome outcome() {
    Outcome.Timing timing = new Outcome.Timing(queue, decode, inference);
    return new Outcome(classifier, predictions, timing, System.currentTimeMillis(), failure);
  }
}
