package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A layer of a network, as somebody sees it who looks for features.
 *
 * @param name as the definition has it
 * @param kind BigDL's class
 * @param shape of one image's values; empty where a layer that the compiler does not know is before it
 * @param beforeLabels whether it is what {@link FeatureLayer#beforeLabels()} stands for
 */
public record LayerInfo(String name, String kind, List<Integer> shape, boolean beforeLabels) {

  /** The layers that give one tensor, in the order in which they run. */
  public static List<LayerInfo> of(NetworkSource source) throws NetworkException {
    BigDlModule module = BigDlModule.load(source);
    Map<AbstractModule<?, ?, ?>, List<Shape>> shapes = ModuleImporter.shapes(module, source);
    ModuleLayers layers = ModuleLayers.of(module.module());
    Optional<AbstractModule<?, ?, ?>> beforeLabels = layers.beforeLastLinear();
    List<LayerInfo> found = new ArrayList<>();
    for (AbstractModule<?, ?, ?> layer : layers.all()) {
      List<Shape> given = shapes.getOrDefault(layer, List.of());
      if (given.size() <= 1) {
        List<Integer> shape = given.isEmpty() ? List.of() : given.get(0).sides();
        found.add(new LayerInfo(layer.getName(), new Layer(layer).kind(), shape,
            beforeLabels.isPresent() && beforeLabels.get() == layer));
      }
    }
    return found;
  }
}
