package io.sightline.engine.nn;

import static io.sightline.engine.nn.Layers.SAME;
import static io.sightline.engine.nn.Layers.add;
import static io.sightline.engine.nn.Layers.averagePool;
import static io.sightline.engine.nn.Layers.branches;
import static io.sightline.engine.nn.Layers.concat;
import static io.sightline.engine.nn.Layers.conv;
import static io.sightline.engine.nn.Layers.globalAverage;
import static io.sightline.engine.nn.Layers.graph;
import static io.sightline.engine.nn.Layers.imageNorm;
import static io.sightline.engine.nn.Layers.input;
import static io.sightline.engine.nn.Layers.join;
import static io.sightline.engine.nn.Layers.layer;
import static io.sightline.engine.nn.Layers.linear;
import static io.sightline.engine.nn.Layers.maxPool;
import static io.sightline.engine.nn.Layers.node;
import static io.sightline.engine.nn.Layers.norm;
import static io.sightline.engine.nn.Layers.reshape;
import static io.sightline.engine.nn.Layers.sequential;
import static io.sightline.engine.nn.Layers.view;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.Activity;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.DataFormat;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each kind of layer, compiled, against BigDL's plain forward, on images of 3 x 11 x 14. */
@ExtendWith(SameWeights.class)
final class LayerReaderTest {
  private static final int[] IMAGE = {3, 11, 14};
  private static final float TOLERANCE = 1e-5f;

  @TempDir
  private Path folder;

  static Stream<Arguments> knownLayers() {
    return Stream.of(
        tail("convolution, uneven stride", conv(3, 5, 3, 2, 1, 1)),
        tail("convolution, SAME, even kernel", conv(3, 5, 4, 3, SAME, 1)),
        tail("convolution, groups", conv(3, 6, 3, 1, 0, 3)),
        tail("convolution, no bias", conv(3, 5, 3, 1, 1, 1, false)),
        tail("maximum, ceil", maxPool(3, 2, 0, true)),
        tail("maximum, ceil, padded", maxPool(3, 2, 1, true)),
        tail("maximum, floor, padded", maxPool(3, 3, 1, false)),
        tail("maximum, SAME", maxPool(3, 2, SAME, false)),
        tail("average, counts padding", averagePool(3, 2, 1, false, true)),
        tail("average, leaves padding out", averagePool(3, 2, 1, true, false)),
        tail("average, ceil", averagePool(3, 2, 0, true, false)),
        tail("average, global", globalAverage()),
        tail("normalisation first", sequential(imageNorm(3), layer("ReLU", false))),
        tail("normalisation after an activation",
            sequential(conv(3, 4, 3, 1, 0, 1), layer("ReLU", false), imageNorm(4), conv(4, 4, 3, 1, 0, 1))),
        tail("activations", sequential(conv(3, 4, 1, 1, 0, 1), layer("Sigmoid"), conv(4, 4, 1, 1, 0, 1),
            layer("LeakyReLU", 0.1, false), layer("HardTanh", -0.4, 0.7, false), layer("Tanh"))),
        tail("activation first", layer("Tanh")),
        tail("dropout and identity", sequential(layer("Identity"), layer("Dropout", 0.5, false, true))),
        tail("branches joined", sequential(
            branches(conv(3, 4, 3, 1, 1, 1), conv(3, 6, 1, 1, 0, 1), layer("Identity")), join(2, 0),
            layer("ReLU", false))),
        tail("branches joined, dimension without batch",
            sequential(branches(conv(3, 4, 3, 1, 1, 1), conv(3, 6, 1, 1, 0, 1)), join(1, 3))),
        tail("concat along the height", concat(3, conv(3, 4, 3, 1, 1, 1), conv(3, 4, 1, 1, 0, 1))),
        tail("sum of branches", sequential(branches(sequential(conv(3, 4, 3, 1, 1, 1), imageNorm(4)),
            sequential(conv(3, 4, 1, 1, 0, 1), layer("ReLU", false)), maxPooledTo4()), add(), layer("ReLU", false))),
        tail("sum of what nothing can take over",
            sequential(branches(layer("Identity"), maxPool(3, 1, 1, false)), add(), layer("Tanh"))),
        tail("sum with itself", sequential(branches(layer("Identity"), layer("Identity")), add())));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("knownLayers")
  void compilesToWhatBigDlComputes(String name, AbstractModule<Activity, Activity, Object> module) throws Exception {
    check(TestNetworks.save(module, folder, IMAGE, 7, OutputKind.LOGITS), true);
  }

  @Test
  void readsAResidualThatIsUsedTwice() throws Exception {
    var start = input();
    var x = node(layer("ReLU", false), node(conv(3, 4, 3, 1, 1, 1), start));
    var y = node(add(), node(conv(4, 4, 3, 1, 1, 1), x), x);
    var z = node(add(), node(conv(4, 4, 3, 1, 1, 1), node(layer("ReLU", false), y)), y);
    var end = node(linear(4, 7), node(reshape(4), node(globalAverage(), node(layer("ReLU", false), z))));
    check(TestNetworks.save(graph(start, end), folder, IMAGE, 7, OutputKind.LOGITS), true);
  }

  @Test
  void foldsNormalisationBehindALinearLayer() throws Exception {
    var module = sequential(view(3 * 11 * 14), linear(3 * 11 * 14, 9), norm(9),
        layer("ReLU", false), norm(9), linear(9, 7), layer("SoftMax"));
    check(TestNetworks.save(module, folder, IMAGE, 7, OutputKind.PROBABILITIES), true);
  }

  static Stream<Arguments> unknownLayers() {
    return Stream.of(
        tail("hard shrink", layer("HardShrink", 0.5)),
        tail("threshold that jumps", layer("Threshold", 0.5, 0.0, false)),
        tail("average over channels last", layer("SpatialAveragePooling", 2, 2, 2, 2, 0, 0, false, false, true, true,
            DataFormat.apply("NHWC"))));
  }

  /** A model that is not known whole still has to be answered, only slower. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("unknownLayers")
  void leavesUnknownLayersToBigDl(String name, AbstractModule<Activity, Activity, Object> module) throws Exception {
    NetworkSource source = TestNetworks.save(module, folder, IMAGE, 7, OutputKind.LOGITS);
    check(source, false);
    assertThrows(UnsupportedLayerException.class, () -> ModuleImporter.read(BigDlModule.load(source), source));
  }

  @Test
  void namesTheUnknownLayer() throws Exception {
    var module = sequential(layer("HardShrink", 0.5).setName("strange"), reshape(3 * 11 * 14), linear(3 * 11 * 14, 7));
    NetworkSource source = TestNetworks.save(module, folder, IMAGE, 7, OutputKind.LOGITS);
    var refused =
        assertThrows(UnsupportedLayerException.class, () -> ModuleImporter.read(BigDlModule.load(source), source));
    assertTrue(refused.getMessage().contains("HardShrink 'strange'"), refused.getMessage());
  }

  private static void check(NetworkSource source, boolean compiled) throws Exception {
    int largest = 6;
    float[] images = TestNetworks.images(source, largest, 3);
    float[] expected = TestNetworks.expected(source, images, largest);
    try (Network network = Network.load(source, NetworkOptions.defaults())) {
      if (compiled) {
        assertTrue(network.compiled());
      } else {
        assertFalse(network.compiled());
      }
      for (int n : new int[] {1, 3, largest}) {
        float[] wanted = Arrays.copyOf(expected, n * 7);
        assertArrayEquals(wanted, TestNetworks.actual(network, images, n), TOLERANCE, "batch size " + n);
      }
    }
  }

  private static AbstractModule<Activity, Activity, Object> maxPooledTo4() {
    return sequential(maxPool(3, 1, 1, false), conv(3, 4, 1, 1, 0, 1));
  }

  /** The layer, and seven classes behind it; how many values it gives is found by trying it. */
  private static Arguments tail(String name, AbstractModule<Activity, Activity, Object> layer) {
    BigDlEngine.start();
    float[] values = new BigDlModule(layer).forward(
        FloatBuffer.allocate(3 * 11 * 14), new int[] {1, IMAGE[0], IMAGE[1], IMAGE[2]});
    return Arguments.of(name, sequential(layer, reshape(values.length), linear(values.length, 7)));
  }
}
