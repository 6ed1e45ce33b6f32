package io.sightline.engine.model;

import io.sightline.engine.nn.EngineKind;
import io.sightline.engine.nn.FeatureLayer;
import io.sightline.engine.nn.NetworkOptions;
import io.sightline.engine.nn.PrecisionWish;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;

/**
 * Which models there are and how they run; decided where a plan is made, used where its tasks run.
 *
 * @param modelsDir folder of the model bundles, readable where the tasks run; or what {@link ModelFolder} brought there
 * @param defaultModel name or name@version for images that name none
 * @param maxImageBytes the largest image that is classified
 * @param maxPixels the largest width times height
 * @param batchSizes the sizes that networks are compiled for
 * @param engine what computes networks, as {@link EngineKind} names it
 * @param precision what networks are compiled in, as {@link PrecisionWish} names it
 * @param cacheDir folder where what BigDL is needed for is kept for the next start; made if need be. Empty: nowhere
 * @param modelMemory bytes that loaded models may take in a JVM: the last one that was asked for counts
 * @param features the layer whose values are wanted instead of labels, or null
 */
public record ModelOptions(
    String modelsDir, String defaultModel, int maxImageBytes, long maxPixels, List<Integer> batchSizes, String engine,
    String precision, String cacheDir, long modelMemory, FeatureLayer features)
    implements Serializable {

  /** For labels. */
  public ModelOptions(
      String modelsDir, String defaultModel, int maxImageBytes, long maxPixels, List<Integer> batchSizes, String engine,
      String precision, String cacheDir, long modelMemory) {
    this(modelsDir, defaultModel, maxImageBytes, maxPixels, batchSizes, engine, precision, cacheDir, modelMemory, null);
  }

  /** The same with models elsewhere. */
  public ModelOptions in(String otherModelsDir) {
    return new ModelOptions(otherModelsDir, defaultModel, maxImageBytes, maxPixels, batchSizes, engine, precision,
        cacheDir, modelMemory, features);
  }

  /** The same models, run up to a layer. */
  public ModelOptions upTo(FeatureLayer layer) {
    return new ModelOptions(modelsDir, defaultModel, maxImageBytes, maxPixels, batchSizes, engine, precision, cacheDir,
        modelMemory, layer);
  }

  /**
   * How networks are compiled.
   *
   * @throws IllegalArgumentException an engine or a precision of that name is not known
   */
  NetworkOptions networkOptions() {
    NetworkOptions options = NetworkOptions.withBatchSizes(batchSizes)
        .with(EngineKind.named(engine))
        .with(PrecisionWish.named(precision));
    NetworkOptions ended = features == null ? options : options.with(features);
    return cacheDir.isEmpty() ? ended : ended.withCache(Path.of(cacheDir));
  }
}
