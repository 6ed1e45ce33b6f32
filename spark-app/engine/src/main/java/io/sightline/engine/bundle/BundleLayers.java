package io.sightline.engine.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sightline.engine.nn.FeatureLayer;
import io.sightline.engine.nn.LayerInfo;
import io.sightline.engine.nn.NetworkException;
import io.sightline.engine.nn.SavedLayers;
import java.nio.file.Path;
import java.util.Optional;

/** Says what layers a bundle's network has: to the command {@code sightline-model}, and where a plan is made. */
public final class BundleLayers {
  private BundleLayers() {}

  /**
   * Refuses a layer that the model does not have. Says nothing where this machine has no such model: the one where
   * tasks run may have it, and each image without a model gets an error.
   *
   * @param reference {@code name} or {@code name@version}
   * @throws BundleException there is no such layer; the message lists close names
   */
  public static void require(Path models, String reference, FeatureLayer layer) throws BundleException {
    Optional<ModelName> wanted = ModelName.parse(reference);
    if (wanted.isEmpty()) {
      return;
    }
    Optional<Bundle> bundle = new Versions(models).read(wanted.get());
    if (bundle.isPresent()) {
      try {
        SavedLayers.require(bundle.get().source(), layer);
      } catch (NetworkException e) {
        throw new BundleException(e.getMessage(), e);
      }
    }
  }

  /**
   * @param directory …/NAME/VERSION
   * @return a JSON array of what {@link LayerInfo} says of each
   */
  public static String toJson(String directory) throws BundleException, NetworkException {
    try {
      return new ObjectMapper().writeValueAsString(LayerInfo.of(Bundle.read(Path.of(directory)).source()));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("strings and numbers can be written as JSON", e);
    }
  }
}
