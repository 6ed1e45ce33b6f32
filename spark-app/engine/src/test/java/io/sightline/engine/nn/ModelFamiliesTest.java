package io.sightline.engine.nn;

import static io.sightline.engine.nn.Layers.branches;
import static io.sightline.engine.nn.Layers.conv;
import static io.sightline.engine.nn.Layers.globalAverage;
import static io.sightline.engine.nn.Layers.join;
import static io.sightline.engine.nn.Layers.layer;
import static io.sightline.engine.nn.Layers.maxPool;
import static io.sightline.engine.nn.Layers.reshape;
import static io.sightline.engine.nn.Layers.sequential;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.intel.analytics.bigdl.dllib.models.inception.Inception_v1_NoAuxClassifier;
import com.intel.analytics.bigdl.dllib.models.inception.Inception_v2_NoAuxClassifier;
import com.intel.analytics.bigdl.dllib.models.resnet.ResNet;
import com.intel.analytics.bigdl.dllib.models.vgg.VggForCifar10;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.Activity;
import com.intel.analytics.bigdl.dllib.utils.Table;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The families of image classifiers, as BigDL defines them where it does: compiled whole, and right. */
@ExtendWith(SameWeights.class)
final class ModelFamiliesTest {
  private static final int CLASSES = 10;
  private static final int BATCH = 3;

  @TempDir
  private Path folder;

  private record Family(
      String name, int side, OutputKind output, Supplier<AbstractModule<Activity, Activity, Object>> model) {
    @Override
    public String toString() {
      return name;
    }
  }

  @BeforeAll
  static void start() {
    BigDlEngine.start();
  }

  static Stream<Family> families() {
    return Stream.of(
        new Family("Inception v1", 224, OutputKind.LOG_PROBABILITIES,
            () -> Inception_v1_NoAuxClassifier.apply(CLASSES, true)),
        new Family("Inception v2, graph", 224, OutputKind.LOG_PROBABILITIES,
            () -> Inception_v2_NoAuxClassifier.graph(CLASSES)),
        new Family("VGG for CIFAR-10, graph", 32, OutputKind.LOG_PROBABILITIES,
            () -> VggForCifar10.graph(CLASSES, true)),
        new Family("ResNet-20", 32, OutputKind.LOGITS, ModelFamiliesTest::resNet20),
        new Family("ResNet-20, graph", 32, OutputKind.LOGITS, () -> ResNet.graph(CLASSES, resNet(20, shortcut("B")))),
        new Family("SqueezeNet", 64, OutputKind.PROBABILITIES, ModelFamiliesTest::squeezeNet),
        new Family("Keras-style, flat", 16, OutputKind.PROBABILITIES, () -> KerasModels.network(CLASSES, true)),
        new Family("Keras-style, averaged", 16, OutputKind.PROBABILITIES, () -> KerasModels.network(CLASSES, false)),
        new Family("VGG with thresholds", 32, OutputKind.LOG_PROBABILITIES, ModelFamiliesTest::vgg));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("families")
  void compilesWhole(Family family) throws Exception {
    int[] image = {3, family.side(), family.side()};
    NetworkSource source = TestNetworks.save(family.model().get(), folder, image, CLASSES, family.output());
    float[] images = TestNetworks.images(source, BATCH, 3);
    float[] expected = TestNetworks.expected(source, images, BATCH);
    try (Network network = Network.load(source, NetworkOptions.withBatchSizes(List.of(1, 2)))) {
      assertTrue(network.compiled());
      assertArrayEquals(expected, TestNetworks.actual(network, images, BATCH), 1e-5f);
    }
  }

  /** With identities padded by zeroed channels where the number of channels grows. */
  static AbstractModule<Activity, Activity, Object> resNet20() {
    BigDlEngine.start();
    return ResNet.apply(CLASSES, resNet(20, shortcut("A")));
  }

  private static Object shortcut(String type) {
    try {
      return Class.forName(ResNet.class.getName() + "$ShortcutType$" + type + "$").getField("MODULE$").get(null);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("this is not the BigDL the engine was built for", e);
    }
  }

  private static Table resNet(int depth, Object shortcut) {
    Table options = new Table(new Object[0]);
    options.update("depth", depth);
    options.update("shortcutType", shortcut);
    return options;
  }

  private static AbstractModule<Activity, Activity, Object> squeezeNet() {
    return sequential(conv(3, 16, 3, 2, 0, 1), layer("ReLU", true), maxPool(3, 2, 0, true), fire(16, 4, 16),
        fire(32, 4, 16), maxPool(3, 2, 1, true), fire(32, 8, 24), layer("Dropout", 0.5, false, true),
        conv(48, CLASSES, 1, 1, 0, 1), layer("ReLU", true), globalAverage(), reshape(CLASSES), layer("SoftMax"));
  }

  private static AbstractModule<Activity, Activity, Object> fire(int in, int squeezed, int expanded) {
    return sequential(conv(in, squeezed, 1, 1, 0, 1), layer("ReLU", true), branches(
        sequential(conv(squeezed, expanded, 1, 1, 0, 1), layer("ReLU", true)),
        sequential(conv(squeezed, expanded, 3, 1, 1, 1), layer("ReLU", true))), join(2, 4));
  }

  /** BigDL's VGG-16 has this tail, with half a gigabyte of weights. */
  private static AbstractModule<Activity, Activity, Object> vgg() {
    return sequential(conv(3, 8, 3, 1, 1, 1), layer("ReLU", true), maxPool(2, 2, 0, false), conv(8, 16, 3, 1, 1, 1),
        layer("ReLU", true), maxPool(2, 2, 0, false), Layers.view(16 * 8 * 8), Layers.linear(16 * 8 * 8, 32),
        layer("Threshold", 0.0, 1e-6, false), layer("Dropout", 0.5, false, true), Layers.linear(32, CLASSES),
        layer("LogSoftMax"));
  }
}
