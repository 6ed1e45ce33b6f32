package io.sightline.engine.table;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.sightline.engine.bundle.BundleException;
import io.sightline.engine.bundle.BundleLayers;
import io.sightline.engine.model.Ask;
import io.sightline.engine.model.OptionsJson;
import io.sightline.engine.nn.FeatureLayer;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** The door from PySpark's Transformer: a layer's values beside the images of a frame. */
public final class ImageFeaturizer {
  private ImageFeaturizer() {}

  /**
   * The Transformer's parameters.
   *
   * @param input name of the column of images, binary
   * @param error name of the column that says why an image has no features
   * @param model name or name@version, or null: the session's default
   * @param layer the layer's name, or null: the one before the last linear layer
   */
  record Parameters(
      @JsonProperty(value = "input", required = true) String input,
      @JsonProperty(value = "output", required = true) String output,
      @JsonProperty(value = "error", required = true) String error,
      @JsonProperty("model") String model,
      @JsonProperty("layer") String layer) {}

  /**
   * Adds the columns; other columns stay as they are.
   *
   * @param frame a batch or a stream
   * @throws IllegalArgumentException the parameters or the session's settings are not what they must be, or the model
   *     has no such layer
   */
  public static Dataset<Row> transform(Dataset<Row> frame, String parametersJson) {
    Parameters wanted = OptionsJson.read(parametersJson, Parameters.class, "the featurizer's parameters");
    TableOptions options = TableOptions.of(frame.sparkSession().sessionState().conf());
    String model = Optional.ofNullable(wanted.model()).orElse(options.models().defaultModel());
    FeatureLayer layer = wanted.layer() == null ? FeatureLayer.beforeLabels() : new FeatureLayer(wanted.layer());
    try {
      BundleLayers.require(Path.of(options.models().modelsDir()), model, layer);
    } catch (BundleException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    ImageOperator operator =
        new ImageOperator(
            frame.schema().fieldIndex(wanted.input()),
            Ask.outputs(model),
            new FeatureColumns(wanted.output(), wanted.error()),
            options.modelsForTasks(frame.sparkSession().sparkContext(), model).upTo(layer),
            options.batchSize());
    return operator.on(frame);
  }
}
