package io.sightline.engine.nn;

import com.intel.analytics.bigdl.serialization.Bigdl.BigDLModule;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashSet;
import java.util.Set;

/** What a saved network calls its layers, read without loading it: in milliseconds, where a plan is made. */
public final class SavedLayers {
  /** Layers of Keras' kind keep others where this does not look. */
  private static final String KERAS = ".keras.";

  private final Set<String> names = new LinkedHashSet<>();
  private boolean whole = true;

  private SavedLayers() {}

  /**
   * Refuses a layer that the network certainly does not have. What it cannot tell is told when the network is loaded.
   *
   * @throws NetworkException there is no such layer; the message lists close names
   */
  public static void require(NetworkSource source, FeatureLayer layer) throws NetworkException {
    SavedLayers saved = new SavedLayers();
    try {
      saved.walk(BigDLModule.parseFrom(Files.readAllBytes(source.definition())));
    } catch (IOException e) {
      throw new NetworkException(source.definition() + ": is not a BigDL model: " + e, e);
    }
    if (layer.isNamed() && saved.whole && !saved.names.contains(layer.name())) {
      throw new NetworkException(source.name() + ": " + CloseNames.refusal(layer.name(), saved.names));
    }
  }

  private void walk(BigDLModule module) {
    names.add(name(module));
    whole &= !module.getModuleType().contains(KERAS);
    module.getSubModulesList().forEach(this::walk);
  }

  /** One that BigDL made up is saved in two parts. */
  private static String name(BigDLModule module) {
    String kind = module.getModuleType();
    return module.getName().isEmpty()
        ? kind.substring(kind.lastIndexOf('.') + 1) + module.getNamePostfix()
        : module.getName();
  }
}
