package io.sightline.engine.stream;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.sightline.engine.model.ModelOptions;
import io.sightline.engine.model.NetworkWish;
import io.sightline.engine.model.OptionsJson;
import io.sightline.engine.nn.EngineKind;
import io.sightline.engine.nn.PrecisionWish;
import io.sightline.engine.trace.TraceOptions;
import java.io.Serializable;
import java.util.List;

/**
 * What the application decides for a query.
 *
 * @param modelsDir folder of the model bundles, readable where the tasks run
 * @param defaultModel name or name@version for records that name none
 * @param resultsTopic the topic column of result rows
 * @param deadLettersTopic the topic column of dead-letter rows
 * @param maxImageBytes the largest record value that is classified
 * @param recordLimit the largest record in bytes that the topics take
 * @param maxPixels the largest width times height
 * @param batchSizes the sizes that networks are compiled for
 * @param engine what computes networks, as {@link EngineKind} names it
 * @param precision what networks are compiled in, as {@link PrecisionWish} names it
 * @param batchSize records taken up together; 1 where waiting for a second would hold back the first
 * @param cacheDir folder where what BigDL is needed for is kept for the next start; made if need be. Empty: nowhere
 * @param tracing where spans go, or null: there are none
 * @param modelMemory bytes that loaded models may take in a JVM
 * @param shadow a second model to compare with the default one, or null: there is none
 */
record StreamOptions(
    @JsonProperty(value = "models_dir", required = true) String modelsDir,
    @JsonProperty(value = "default_model", required = true) String defaultModel,
    @JsonProperty(value = "results_topic", required = true) String resultsTopic,
    @JsonProperty(value = "dead_letters_topic", required = true) String deadLettersTopic,
    @JsonProperty(value = "max_image_bytes", required = true) int maxImageBytes,
    @JsonProperty(value = "record_limit", required = true) int recordLimit,
    @JsonProperty(value = "max_pixels", required = true) long maxPixels,
    @JsonProperty(value = "batch_sizes", required = true) List<Integer> batchSizes,
    @JsonProperty(value = "engine", required = true) String engine,
    @JsonProperty(value = "precision", required = true) String precision,
    @JsonProperty(value = "batch_size", required = true) int batchSize,
    @JsonProperty(value = "cache_dir", required = true) String cacheDir,
    @JsonProperty("tracing") TraceOptions tracing,
    @JsonProperty(value = "model_memory", required = true) long modelMemory,
    @JsonProperty("shadow") ShadowOptions shadow)
    implements Serializable {

  /**
   * @throws IllegalArgumentException a field is missing, unknown or of the wrong type
   */
  static StreamOptions parse(String json) {
    return OptionsJson.read(json, StreamOptions.class, "the stream's options");
  }

  /** Which models there are and how they run. */
  ModelOptions models() {
    return new ModelOptions(modelsDir, defaultModel, maxImageBytes, maxPixels, modelMemory,
        NetworkWish.of(batchSizes, engine, precision, cacheDir));
  }
}
