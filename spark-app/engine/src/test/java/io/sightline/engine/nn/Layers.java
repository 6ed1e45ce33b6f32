package io.sightline.engine.nn;

import static io.sightline.engine.nn.BigDlModule.FLOAT;
import static io.sightline.engine.nn.BigDlModule.NUMERIC;

import com.intel.analytics.bigdl.dllib.nn.BatchNormalization;
import com.intel.analytics.bigdl.dllib.nn.CAddTable;
import com.intel.analytics.bigdl.dllib.nn.Concat;
import com.intel.analytics.bigdl.dllib.nn.ConcatTable;
import com.intel.analytics.bigdl.dllib.nn.Container;
import com.intel.analytics.bigdl.dllib.nn.Graph$;
import com.intel.analytics.bigdl.dllib.nn.Input$;
import com.intel.analytics.bigdl.dllib.nn.JoinTable;
import com.intel.analytics.bigdl.dllib.nn.Linear;
import com.intel.analytics.bigdl.dllib.nn.ParallelTable;
import com.intel.analytics.bigdl.dllib.nn.Reshape;
import com.intel.analytics.bigdl.dllib.nn.Sequential;
import com.intel.analytics.bigdl.dllib.nn.SpatialAveragePooling;
import com.intel.analytics.bigdl.dllib.nn.SpatialBatchNormalization;
import com.intel.analytics.bigdl.dllib.nn.SpatialConvolution;
import com.intel.analytics.bigdl.dllib.nn.SpatialMaxPooling;
import com.intel.analytics.bigdl.dllib.nn.View;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.Activity;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.DataFormat;
import com.intel.analytics.bigdl.dllib.tensor.Tensor;
import com.intel.analytics.bigdl.dllib.utils.Node;
import java.lang.invoke.MethodType;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import scala.Option;
import scala.collection.mutable.ArrayBuffer;

/** BigDL's layers without Scala's default arguments. */
final class Layers {
  static final int SAME = -1;
  private static final DataFormat NCHW = DataFormat.apply("NCHW");
  private static final AtomicInteger INPUTS = new AtomicInteger();

  private Layers() {}

  /** A layer that needs no more than BigDL's two implicit arguments, by its class's short name. */
  static AbstractModule<Activity, Activity, Object> layer(String name, Object... arguments) {
    try {
      Class<?> type = Class.forName("com.intel.analytics.bigdl.dllib.nn." + name);
      Object[] all = Stream.concat(Arrays.stream(arguments), Stream.of(FLOAT, NUMERIC)).toArray();
      for (var constructor : type.getConstructors()) {
        if (constructor.getParameterCount() == all.length && takes(constructor.getParameterTypes(), all)) {
          return module(constructor.newInstance(all));
        }
      }
      throw new IllegalArgumentException(name + " takes other arguments");
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static boolean takes(Class<?>[] types, Object[] arguments) {
    for (int i = 0; i < types.length; i++) {
      Class<?> boxed = MethodType.methodType(types[i]).wrap().returnType();
      if (arguments[i] != null && !boxed.isInstance(arguments[i])) {
        return false;
      }
    }
    return true;
  }

  static AbstractModule<Activity, Activity, Object> conv(int in, int out, int kernel, int stride, int pad, int groups) {
    return conv(in, out, kernel, stride, pad, groups, true);
  }

  static AbstractModule<Activity, Activity, Object> conv(
      int in, int out, int kernel, int stride, int pad, int groups, boolean bias) {
    return module(new SpatialConvolution<>(in, out, kernel, kernel, stride, stride, pad, pad, groups, true, null, null,
        null, null, null, null, bias, NCHW, FLOAT, NUMERIC));
  }

  static AbstractModule<Activity, Activity, Object> linear(int in, int out) {
    return module(new Linear<>(in, out, true, null, null, null, null, null, null, FLOAT, NUMERIC));
  }

  static AbstractModule<Activity, Activity, Object> maxPool(int kernel, int stride, int pad, boolean ceil) {
    SpatialMaxPooling<Object> pool =
        new SpatialMaxPooling<>(kernel, kernel, stride, stride, pad, pad, NCHW, FLOAT, NUMERIC);
    return module(ceil ? pool.ceil() : pool);
  }

  static AbstractModule<Activity, Activity, Object> averagePool(
      int kernel, int stride, int pad, boolean ceil, boolean countPadding) {
    return module(new SpatialAveragePooling<>(kernel, kernel, stride, stride, pad, pad, false, ceil, countPadding, true,
        NCHW, FLOAT, NUMERIC));
  }

  static AbstractModule<Activity, Activity, Object> globalAverage() {
    return module(new SpatialAveragePooling<>(1, 1, 1, 1, 0, 0, true, false, true, true, NCHW, FLOAT, NUMERIC));
  }

  /** With statistics as after a training, so that a batch normalisation left out shows. */
  static AbstractModule<Activity, Activity, Object> imageNorm(int channels) {
    return trained(new SpatialBatchNormalization<>(
        channels, 1e-3, 0.1, true, null, null, null, null, NCHW, FLOAT, NUMERIC));
  }

  static AbstractModule<Activity, Activity, Object> norm(int channels) {
    return trained(new BatchNormalization<>(channels, 1e-3, 0.1, true, null, null, null, null, FLOAT, NUMERIC));
  }

  static AbstractModule<Activity, Activity, Object> reshape(int... sides) {
    return module(new Reshape<>(sides, Option.empty(), FLOAT, NUMERIC));
  }

  static AbstractModule<Activity, Activity, Object> view(int... sides) {
    return module(new View<>(sides, FLOAT, NUMERIC));
  }

  static AbstractModule<Activity, Activity, Object> add() {
    return module(new CAddTable<>(false, FLOAT, FLOAT, NUMERIC, NUMERIC));
  }

  static AbstractModule<Activity, Activity, Object> join(int dimension, int inputDims) {
    return module(new JoinTable<>(dimension, inputDims, FLOAT, NUMERIC));
  }

  @SafeVarargs
  static AbstractModule<Activity, Activity, Object> sequential(AbstractModule<Activity, Activity, Object>... layers) {
    return filled(new Sequential<>(FLOAT, NUMERIC), layers);
  }

  @SafeVarargs
  static AbstractModule<Activity, Activity, Object> branches(AbstractModule<Activity, Activity, Object>... layers) {
    return filled(new ConcatTable<>(FLOAT, NUMERIC), layers);
  }

  @SafeVarargs
  static AbstractModule<Activity, Activity, Object> parallel(AbstractModule<Activity, Activity, Object>... layers) {
    return filled(new ParallelTable<>(FLOAT, NUMERIC), layers);
  }

  @SafeVarargs
  static AbstractModule<Activity, Activity, Object> concat(
      int dimension, AbstractModule<Activity, Activity, Object>... layers) {
    return filled(new Concat<>(dimension, FLOAT, NUMERIC), layers);
  }

  static Node<AbstractModule<Activity, Activity, Object>> input() {
    return Input$.MODULE$.apply("input" + INPUTS.incrementAndGet(), FLOAT, NUMERIC);
  }

  @SafeVarargs
  static Node<AbstractModule<Activity, Activity, Object>> node(
      AbstractModule<Activity, Activity, Object> layer, Node<AbstractModule<Activity, Activity, Object>>... inputs) {
    ArrayBuffer<Node<AbstractModule<Activity, Activity, Object>>> all = new ArrayBuffer<>();
    for (Node<AbstractModule<Activity, Activity, Object>> input : inputs) {
      all.$plus$eq(input);
    }
    return layer.inputs(all);
  }

  static AbstractModule<Activity, Activity, Object> graph(
      Node<AbstractModule<Activity, Activity, Object>> input, Node<AbstractModule<Activity, Activity, Object>> output) {
    return module(Graph$.MODULE$.<Object>apply(input, output, FLOAT, NUMERIC));
  }

  private static AbstractModule<Activity, Activity, Object> trained(BatchNormalization<Object> layer) {
    Random random = new Random(7);
    fill(layer.runningMean(), random, -0.5f, 0.5f);
    fill(layer.runningVar(), random, 0.3f, 2f);
    fill(layer.weight(), random, 0.5f, 1.5f);
    fill(layer.bias(), random, -0.3f, 0.3f);
    return module(layer);
  }

  private static void fill(Tensor<Object> tensor, Random random, float low, float high) {
    for (int i = 1; i <= tensor.nElement(); i++) {
      tensor.setValue(i, low + (high - low) * random.nextFloat());
    }
  }

  @SafeVarargs
  private static AbstractModule<Activity, Activity, Object> filled(
      Container<?, ?, Object> container, AbstractModule<Activity, Activity, Object>... layers) {
    for (AbstractModule<Activity, Activity, Object> layer : layers) {
      container.modules().$plus$eq(layer);
    }
    return module(container);
  }

  @SuppressWarnings("unchecked")
  static AbstractModule<Activity, Activity, Object> module(Object layer) {
    return (AbstractModule<Activity, Activity, Object>) layer;
  }
}
