package io.sightline.engine.model;

import io.sightline.engine.nn.FeatureLayer;
import java.io.Serializable;

/**
 * Which models there are and how they run; decided where a plan is made, used where its tasks run.
 *
 * @param modelsDir folder of the model bundles, readable where the tasks run; or what {@link ModelFolder} brought there
 * @param defaultModel name or name@version for images that name none
 * @param maxImageBytes the largest image that is classified
 * @param maxPixels the largest width times height
 * @param modelMemory bytes that loaded models may take in a JVM: the last one that was asked for counts
 */
public record ModelOptions(
    String modelsDir, String defaultModel, int maxImageBytes, long maxPixels, long modelMemory, NetworkWish networks)
    implements Serializable {

  /** The same with models elsewhere. */
  public ModelOptions in(String otherModelsDir) {
    return new ModelOptions(otherModelsDir, defaultModel, maxImageBytes, maxPixels, modelMemory, networks);
  }

  /** The same models, run up to a layer. */
  public ModelOptions upTo(FeatureLayer layer) {
    return new ModelOptions(modelsDir, defaultModel, maxImageBytes, maxPixels, modelMemory, networks.upTo(layer));
  }
}
