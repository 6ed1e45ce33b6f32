package io.sightline.engine.stream;

import io.sightline.engine.image.ImageRejected;
import io.sightline.engine.model.BundleModels;
import io.sightline.engine.model.Model;
import io.sightline.engine.model.ModelNotUsable;
import java.util.Base64;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;

/** The door from PySpark: image records in, rows for the Kafka sink out. Works on batch and streaming frames alike. */
public final class StreamClassifier {
  /** A PNG file of one grey pixel. */
  private static final String ONE_PIXEL =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAA"
          + "AACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

  private StreamClassifier() {}

  /**
   * One result row a record, and one dead-letter row more for each that could not be classified.
   *
   * @param images columns key, value (binary), topic (string), partition (int), offset (long), timestamp and headers
   *     (array of key string, value binary), as Spark's Kafka source gives them; further columns are ignored
   * @param optionsJson the fields of {@link StreamOptions} in snake case
   * @return columns topic (string), key, value (binary) and headers, as Spark's Kafka sink takes them
   * @throws IllegalArgumentException the options are not complete
   */
  public static Dataset<Row> classify(Dataset<Row> images, String optionsJson) {
    StreamOptions options = StreamOptions.parse(optionsJson);
    MapPartitionsFunction<Row, Row> classifyPartition =
        records -> new ClassifyingIterator(records, BundleModels.of(options.models()), options);
    return images.mapPartitions(classifyPartition, Encoders.row(OutputRows.SCHEMA));
  }

  /**
   * Loads the codecs, and loads and compiles the model that the options name as default, so that the first record does
   * not wait for them.
   *
   * @return its name@version
   * @throws IllegalStateException it cannot be used; the message says why
   */
  public static String preload(String optionsJson) {
    return preload(StreamOptions.parse(optionsJson));
  }

  static String preload(StreamOptions options) {
    try {
      Model model = BundleModels.of(options.models()).resolve(options.defaultModel());
      warmUp(model);
      return model.name() + "@" + model.version();
    } catch (ModelNotUsable e) {
      throw new IllegalStateException(e.getMessage());
    }
  }

  private static void warmUp(Model model) throws ModelNotUsable {
    float[] input = new float[model.inputLength()];
    try (Model.Session session = model.open()) {
      model.prepare(Base64.getDecoder().decode(ONE_PIXEL), input, 0);
      session.forward(input, 1, new float[model.outputLength()]);
    } catch (ImageRejected e) {
      throw new IllegalStateException("the codecs do not work: " + e.getMessage(), e);
    }
  }
}
