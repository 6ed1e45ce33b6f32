package io.sightline.engine.stream;

import io.sightline.engine.model.Failure;
import io.sightline.engine.model.Item;
import io.sightline.engine.model.Model;
import io.sightline.engine.model.Prediction;
import java.util.List;

/**
 * What became of one record.
 *
 * @param failure null when it was classified; then {@code predictions} is not empty
 * @param classifiedAt Unix ms
 */
record Outcome(
    Classifier classifier, List<Prediction> predictions, Timing timing, long classifiedAt, Failure failure) {

  /**
   * @param queue milliseconds that the record waited in Kafka
   */
  static Outcome of(Item item, double queue) {
    Classifier classifier =
        item.model() == null ? Classifier.unknown(item.asked()) : Classifier.of(item.model());
    Timing timing = new Timing(queue, item.decodeMs(), item.inferenceMs());
    return new Outcome(classifier, item.predictions(), timing, System.currentTimeMillis(), item.failure());
  }

  /**
   * The model that was asked for and how it computes.
   *
   * @param version null, as {@code precision} and {@code engine}, when there is no such model
   * @param precision f32, bf16 or int8
   * @param engine onednn or bigdl
   */
  record Classifier(String name, String version, String precision, String engine) {
    static Classifier of(Model model) {
      return new Classifier(model.name(), model.version(), model.precision(), model.engine());
    }

    static Classifier unknown(String reference) {
      return new Classifier(reference, null, null, null);
    }
  }

  /** Milliseconds: in Kafka until taken up, inspecting and decoding, and the image's share of its batch's forward. */
  record Timing(double queue, double decode, double inference) {}
}
