package io.sightline.engine.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sightline.engine.nn.LayerInfo;
import io.sightline.engine.nn.NetworkException;
import java.nio.file.Path;

/** Says what layers a bundle's network has: for the command {@code sightline-model}. */
public final class BundleLayers {
  private BundleLayers() {}

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
