package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.Activity;
import com.intel.analytics.bigdl.dllib.tensor.Storage$;
import com.intel.analytics.bigdl.dllib.tensor.Tensor;
import com.intel.analytics.bigdl.dllib.tensor.Tensor$;
import com.intel.analytics.bigdl.dllib.tensor.TensorNumericMath;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;
import scala.reflect.ClassTag;

/** A BigDL module of single precision in evaluation mode, without BigDL's Scala idioms. Not thread-safe. */
final class BigDlModule {
  /** Scala's Float erases to Object in BigDL's signatures. */
  @SuppressWarnings({"unchecked", "rawtypes"})
  static final ClassTag<Object> FLOAT = (ClassTag) scala.reflect.ClassTag$.MODULE$.Float();

  static final TensorNumericMath.TensorNumeric<Object> NUMERIC = numeric();

  private final AbstractModule<Activity, Activity, Object> module;
  private final AbstractModule<?, ?, ?> end;

  BigDlModule(AbstractModule<Activity, Activity, Object> module) {
    this(module, module);
  }

  private BigDlModule(AbstractModule<Activity, Activity, Object> module, AbstractModule<?, ?, ?> end) {
    this.module = module;
    this.end = end;
    module.evaluate();
  }

  static BigDlModule load(NetworkSource source) throws NetworkException {
    BigDlEngine.start();
    try {
      return new BigDlModule(ModuleFiles.load(source.definition(), source.parameters()));
    } catch (Exception e) { // Scala throws checked exceptions without declaring them
      throw new NetworkException(source.definition() + ": is not a BigDL model: " + e, e);
    }
  }

  AbstractModule<Activity, Activity, Object> module() {
    return module;
  }

  /** The same module, of which another layer than the last is asked for. Throws NetworkException if it has none. */
  BigDlModule upTo(FeatureLayer layer) throws NetworkException {
    return new BigDlModule(module, ModuleLayers.of(module).find(layer));
  }

  /** The layer whose values {@link #forward} gives. */
  AbstractModule<?, ?, ?> end() {
    return end;
  }

  /** A module with buffers of its own, for another thread. */
  BigDlModule copy() {
    AbstractModule<Activity, Activity, Object> copy = module.cloneModule();
    return new BigDlModule(copy, end == module ? copy : ModuleLayers.of(copy).all().get(place()));
  }

  /** Names would not do to find the end in a copy: two layers may have one. */
  private int place() {
    List<AbstractModule<?, ?, ?>> layers = ModuleLayers.of(module).all();
    return IntStream.range(0, layers.size()).filter(i -> layers.get(i) == end).findFirst().orElseThrow();
  }

  /**
   * Runs {@code shape[0]} images; gives the end's values, row by row.
   *
   * @throws IllegalStateException for whatever BigDL throws: some of it is checked, undeclared, and would pass every
   *     handler of RuntimeException
   */
  float[] forward(FloatBuffer input, int[] shape) {
    int length = 1;
    for (int side : shape) {
      length *= side;
    }
    float[] values = new float[length];
    input.duplicate().get(values);
    Tensor<Object> tensor =
        Tensor$.MODULE$.apply(Storage$.MODULE$.<Object>apply((Object) values, FLOAT), 1, shape, null, FLOAT, NUMERIC);
    try {
      module.forward(tensor);
      return values(tensor(end));
    } catch (Exception e) { // Scala throws checked exceptions without declaring them
      throw new IllegalStateException("BigDL's forward failed: " + e.getMessage(), e);
    }
  }

  /** How many numbers {@link #forward} gives for an image. Tried with two images: BigDL may take one for no batch. */
  int outputs(NetworkSource source) {
    int[] shape = {2, source.channels(), source.height(), source.width()};
    return forward(FloatBuffer.allocate(2 * source.inputLength()), shape).length / 2;
  }

  private static Activity tensor(AbstractModule<?, ?, ?> layer) {
    if (layer.output() instanceof Tensor<?> tensor) {
      return tensor;
    }
    throw new IllegalStateException("layer " + layer.getName() + " does not give one tensor");
  }

  static float[] values(Activity activity) {
    @SuppressWarnings("unchecked")
    Tensor<Object> tensor = ((Tensor<Object>) activity).contiguous();
    float[] values = new float[tensor.nElement()];
    System.arraycopy((float[]) storage(tensor), tensor.storageOffset() - 1, values, 0, values.length);
    return values;
  }

  /** The array is a float[], whatever the erased signature says. */
  private static Object storage(Tensor<Object> tensor) {
    return tensor.storage().array();
  }

  /** Scala nests the object in a way that has no name in Java. */
  @SuppressWarnings("unchecked")
  private static TensorNumericMath.TensorNumeric<Object> numeric() {
    String name = TensorNumericMath.TensorNumeric.class.getName() + "$NumericFloat$";
    try {
      return (TensorNumericMath.TensorNumeric<Object>) Class.forName(name).getField("MODULE$").get(null);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("this is not the BigDL the engine was built for", e);
    }
  }
}
