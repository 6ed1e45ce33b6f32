package io.sightline.engine.table;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.sightline.engine.model.Ask;
import io.sightline.engine.model.OptionsJson;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** The door from PySpark's Transformer: classes beside the images of a frame. */
public final class ImageClassifier {
  private ImageClassifier() {}

  /**
   * The Transformer's parameters.
   *
   * @param input name of the column of images, binary
   * @param error name of the column that says why an image has no class
   * @param probabilities name of the column of all labels' probabilities, or null: none
   * @param model name or name@version, or null: the session's default
   * @param top how many labels
   */
  record Parameters(
      @JsonProperty(value = "input", required = true) String input,
      @JsonProperty(value = "output", required = true) String output,
      @JsonProperty(value = "error", required = true) String error,
      @JsonProperty("probabilities") String probabilities,
      @JsonProperty("model") String model,
      @JsonProperty(value = "top", required = true) int top) {}

  /**
   * Adds the columns; other columns stay as they are.
   *
   * @param frame a batch or a stream
   * @throws IllegalArgumentException the parameters or the session's settings are not what they must be
   */
  public static Dataset<Row> transform(Dataset<Row> frame, String parametersJson) {
    Parameters wanted = OptionsJson.read(parametersJson, Parameters.class, "the classifier's parameters");
    TableOptions options = TableOptions.of(frame.sparkSession().sessionState().conf());
    String model = Optional.ofNullable(wanted.model()).orElse(options.models().defaultModel());
    ImageOperator operator =
        new ImageOperator(
            frame.schema().fieldIndex(wanted.input()),
            new Ask(model, wanted.top(), wanted.probabilities() != null),
            new ClassifiedColumns(wanted.output(), wanted.error(), wanted.probabilities()),
            options.modelsForTasks(frame.sparkSession().sparkContext(), model),
            options.batchSize());
    return operator.on(frame);
  }
}
