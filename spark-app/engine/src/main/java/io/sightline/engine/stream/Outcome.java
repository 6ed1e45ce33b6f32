package io.sightline.engine.stream;

import java.util.List;

/**
 * What became of one record.
 *
 * @param version of the model, null when it could not be found
 * @param failure null when it was classified; then {@code predictions} is not empty
 * @param classifiedAt Unix ms
 */
record Outcome(
    String model, String version, List<Prediction> predictions, Timing timing, long classifiedAt, Failure failure) {

  /** Milliseconds: in Kafka until taken up, inspecting and decoding, and the image's share of its batch's forward. */
  record Timing(double queue, double decode, double inference) {}
}
