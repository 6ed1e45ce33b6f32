package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.nn.Linear;
import com.intel.analytics.bigdl.dllib.nn.Module$;
import com.intel.analytics.bigdl.dllib.nn.SpatialConvolution;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.Activity;
import com.intel.analytics.bigdl.dllib.tensor.Storage$;
import com.intel.analytics.bigdl.dllib.utils.serializer.BigDLStorage$;
import com.intel.analytics.bigdl.dllib.utils.serializer.DeserializeContext;
import com.intel.analytics.bigdl.dllib.utils.serializer.ModuleSerializer$;
import com.intel.analytics.bigdl.serialization.Bigdl.AttrValue;
import com.intel.analytics.bigdl.serialization.Bigdl.BigDLModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import scala.collection.mutable.HashMap;

/** Loads the two files that {@code saveModel} writes. BigDL's other format is Java serialization, which runs code. */
final class ModuleFiles {
  private static final Set<String> DRAWING = Set.of(SpatialConvolution.class.getName(), Linear.class.getName());
  private static final String INITIAL_WEIGHTS = "initWeight";

  /** What BigDL's layers call it that they write their result over their input. */
  private static final List<String> IN_PLACE = List.of("ip", "inplace");

  private ModuleFiles() {}

  /** What BigDL's own loader gives, and what it throws: some of that is checked and not declared. */
  static AbstractModule<Activity, Activity, Object> load(Path definition, Path parameters) throws IOException {
    Map<Integer, float[]> arrays = ParameterFile.read(parameters);
    if (arrays == null) {
      return Module$.MODULE$.loadModule(
          definition.toString(), parameters.toString(), BigDlModule.FLOAT, BigDlModule.NUMERIC);
    }
    HashMap<Object, Object> storages = new HashMap<>();
    arrays.forEach((id, values) -> storages.put(id, Storage$.MODULE$.apply((Object) values, BigDlModule.FLOAT)));
    BigDLModule described = initialised(BigDLModule.parseFrom(Files.readAllBytes(definition)));
    DeserializeContext context = new DeserializeContext(
        described, storages, BigDLStorage$.MODULE$, DeserializeContext.apply$default$4());
    return ModuleSerializer$.MODULE$.load(context, BigDlModule.FLOAT, BigDlModule.NUMERIC).module();
  }

  /**
   * The same with each layer's weights as its initial weights, too. Without any BigDL first draws random ones, number
   * by number, and then overwrites them: half of ResNet-50's loading. No layer works in place, either: what the layer
   * before it gives may be asked for.
   */
  private static BigDLModule initialised(BigDLModule module) {
    BigDLModule.Builder changed = module.toBuilder().clearSubModules();
    module.getSubModulesList().forEach(layer -> changed.addSubModules(initialised(layer)));
    AttrValue initial = module.getAttrMap().get(INITIAL_WEIGHTS);
    if (DRAWING.contains(module.getModuleType()) && initial != null && !initial.hasTensorValue()
        && module.getParametersCount() > 0) {
      changed.putAttr(INITIAL_WEIGHTS, initial.toBuilder().setTensorValue(module.getParameters(0)).build());
    }
    for (String flag : IN_PLACE) {
      AttrValue set = module.getAttrMap().get(flag);
      if (set != null && set.getBoolValue()) {
        changed.putAttr(flag, set.toBuilder().setBoolValue(false).build());
      }
    }
    return changed.build();
  }
}
