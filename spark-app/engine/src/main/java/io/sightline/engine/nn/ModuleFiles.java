package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.nn.Module$;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.Activity;
import com.intel.analytics.bigdl.dllib.tensor.Storage$;
import com.intel.analytics.bigdl.dllib.utils.serializer.BigDLStorage$;
import com.intel.analytics.bigdl.dllib.utils.serializer.DeserializeContext;
import com.intel.analytics.bigdl.dllib.utils.serializer.ModuleSerializer$;
import com.intel.analytics.bigdl.serialization.Bigdl.BigDLModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import scala.collection.mutable.HashMap;

/** Loads the two files that {@code saveModel} writes. BigDL's other format is Java serialization, which runs code. */
final class ModuleFiles {
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
    BigDLModule described = BigDLModule.parseFrom(Files.readAllBytes(definition));
    DeserializeContext context = new DeserializeContext(
        described, storages, BigDLStorage$.MODULE$, DeserializeContext.apply$default$4());
    return ModuleSerializer$.MODULE$.load(context, BigDlModule.FLOAT, BigDlModule.NUMERIC).module();
  }
}
