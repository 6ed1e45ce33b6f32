package io.sightline.engine.nn;

import static io.sightline.engine.nn.Layers.conv;
import static io.sightline.engine.nn.Layers.globalAverage;
import static io.sightline.engine.nn.Layers.graph;
import static io.sightline.engine.nn.Layers.input;
import static io.sightline.engine.nn.Layers.layer;
import static io.sightline.engine.nn.Layers.linear;
import static io.sightline.engine.nn.Layers.node;
import static io.sightline.engine.nn.Layers.reshape;
import static io.sightline.engine.nn.Layers.sequential;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.intel.analytics.bigdl.dllib.nn.Container;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.Activity;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Networks that end at a layer before the last. */
@ExtendWith(SameWeights.class)
final class FeaturesTest {
  private static final int IMAGES = 3;
  private static final NetworkOptions PRECISE = NetworkOptions.defaults();

  @TempDir
  private Path folder;

  @Test
  void givesWhatTheLastLinearLayerSees() throws Exception {
    NetworkSource source = named();
    float[] images = TestNetworks.images(source, IMAGES, 1);
    try (Network network = Network.load(source, PRECISE.with(FeatureLayer.beforeLabels()))) {
      assertTrue(network.compiled());
      assertEquals(8, network.outputs());
      assertArrayEquals(forward(source, "flat", images), TestNetworks.actual(network, images, IMAGES), 1e-5f);
    }
  }

  /** Maps of features come as a row: all of the first channel, row by row, then the next, as BigDL has them. */
  @Test
  void givesEachLayerAsBigDlDoes() throws Exception {
    NetworkSource source = named();
    float[] images = TestNetworks.images(source, IMAGES, 2);
    int[] lengths = {6 * 14 * 14, 6 * 14 * 14, 8 * 12 * 12, 8, 5};
    List<String> layers = List.of("first", "active", "second", "flat", "labels");
    for (int i = 0; i < layers.size(); i++) {
      String name = layers.get(i);
      try (Network network = Network.load(source, PRECISE.with(new FeatureLayer(name)))) {
        assertTrue(network.compiled(), name);
        assertEquals(lengths[i], network.outputs(), name);
        assertArrayEquals(
            forward(source, name, images), TestNetworks.actual(network, images, IMAGES), 1e-5f, name);
      }
    }
  }

  /** BigDL's ReLU may write over what the convolution gave; then the convolution's values were the ReLU's. */
  @Test
  void aLayerInPlaceLeavesTheOneBeforeAlone() throws Exception {
    NetworkSource source = named();
    float[] images = TestNetworks.images(source, IMAGES, 3);
    try (Network network = Network.load(source, PRECISE.with(EngineKind.BIGDL).with(new FeatureLayer("first")))) {
      assertFalse(network.compiled());
      float[] values = TestNetworks.actual(network, images, IMAGES);
      float least = 0;
      for (float value : values) {
        least = Math.min(least, value);
      }
      assertTrue(least < 0, "all values passed the ReLU");
    }
  }

  /** The layer that the compiler does not know is behind the one that is asked for, or before it. */
  @Test
  void asksBigDlOnlyForUnknownLayersBeforeTheEnd() throws Exception {
    var start = conv(1, 6, 5, 1, 0, 1).setName("start");
    var module = sequential(start, layer("HardShrink", 0.1), reshape(6 * 24 * 24).setName("flat"),
        linear(6 * 24 * 24, 10), layer("LogSoftMax"));
    NetworkSource source =
        TestNetworks.save(module, folder, new int[] {1, 28, 28}, 10, OutputKind.LOG_PROBABILITIES);
    float[] images = TestNetworks.images(source, IMAGES, 4);
    for (FeatureLayer layer : List.of(new FeatureLayer("start"), FeatureLayer.beforeLabels())) {
      try (Network network = Network.load(source, PRECISE.with(layer))) {
        assertEquals(layer.isNamed(), network.compiled());
        String name = layer.isNamed() ? layer.name() : "flat";
        assertArrayEquals(forward(source, name, images), TestNetworks.actual(network, images, IMAGES), 1e-5f);
      }
    }
  }

  @Test
  void findsWhatTheLastLinearLayerOfAGraphReads() throws Exception {
    NetworkSource source = TestNetworks.mobileSource(folder);
    float[] images = TestNetworks.images(source, IMAGES, 5);
    try (Network network = Network.load(source, PRECISE.with(FeatureLayer.beforeLabels()))) {
      assertEquals(32, network.outputs());
      BigDlModule module = BigDlModule.load(source).upTo(FeatureLayer.beforeLabels());
      float[] expected = module.forward(FloatBuffer.wrap(images), new int[] {IMAGES, 3, 30, 30});
      assertArrayEquals(expected, TestNetworks.actual(network, images, IMAGES), 1e-5f);
    }
  }

  /** Such a network could be loaded, and then no session of it could be opened. */
  @Test
  void endsAtItsOwnLayerWhereAnotherHasItsName() throws Exception {
    var module = sequential(conv(1, 6, 5, 1, 0, 1).setName("same"), reshape(6 * 24 * 24).setName("same"),
        linear(6 * 24 * 24, 10), layer("LogSoftMax"));
    NetworkSource source =
        TestNetworks.save(module, folder, new int[] {1, 28, 28}, 10, OutputKind.LOG_PROBABILITIES);
    float[] images = TestNetworks.images(source, IMAGES, 7);
    NetworkOptions options = PRECISE.with(EngineKind.BIGDL).with(FeatureLayer.beforeLabels());
    try (Network network = Network.load(source, options)) {
      assertEquals(IMAGES * 6 * 24 * 24, TestNetworks.actual(network, images, IMAGES).length);
    }
  }

  @Test
  void namesLayersCloseToAnUnknownOne() throws Exception {
    NetworkSource source = named();
    NetworkException refused = assertThrows(
        NetworkException.class, () -> Network.load(source, PRECISE.with(new FeatureLayer("frist"))));
    assertTrue(refused.getMessage().startsWith("test@1: there is no layer \"frist\"; close to it: first, "),
        refused.getMessage());
  }

  @Test
  void refusesANetworkWithoutLinearLayers() throws Exception {
    var start = input();
    var module = graph(start, node(layer("SoftMax"), node(reshape(8), node(globalAverage(), node(
        conv(3, 8, 3, 1, 0, 1), start)))));
    NetworkSource source = TestNetworks.save(module, folder, new int[] {3, 9, 9}, 8, OutputKind.PROBABILITIES);
    NetworkException refused =
        assertThrows(NetworkException.class, () -> Network.load(source, PRECISE.with(FeatureLayer.beforeLabels())));
    assertTrue(refused.getMessage().contains("it has no linear layer: name a layer"), refused.getMessage());
  }

  /** Each layer's program is kept apart: none may answer for another, nor for the whole network. */
  @Test
  void keepsTheProgramOfEachLayerForTheNextStart() throws Exception {
    NetworkSource files = named();
    NetworkSource source = new NetworkSource(files.name(), files.definition(), files.parameters(), 3, 16, 16, 5,
        files.output(), Optional.empty(), Optional.empty(), Optional.of("digest"));
    NetworkOptions options = PRECISE.withCache(folder.resolve("cache"));
    List<NetworkOptions> all = List.of(options, options.with(FeatureLayer.beforeLabels()),
        options.with(new FeatureLayer("first")), options.with(new FeatureLayer("active")));
    float[] images = TestNetworks.images(source, IMAGES, 6);
    List<float[]> before = new ArrayList<>();
    for (NetworkOptions each : all) {
      before.add(answers(source, each, images));
    }
    assertFalse(Arrays.equals(before.get(2), before.get(3)));
    Files.delete(source.definition()); // what answers now has not asked BigDL
    for (int i = 0; i < all.size(); i++) {
      assertArrayEquals(before.get(i), answers(source, all.get(i), images));
    }
  }

  /** There is a calibration for labels alone, so the wish is answered as where there is none. */
  @Test
  void featuresAreNeverInWholeNumbers() throws Exception {
    NetworkOptions options = PRECISE.with(PrecisionWish.INT8).with(FeatureLayer.beforeLabels());
    try (Network network = Network.load(named(), options)) {
      assertNotEquals(Precision.INT8, network.precision());
    }
  }

  private static float[] answers(NetworkSource source, NetworkOptions options, float[] images) throws Exception {
    try (Network network = Network.load(source, options)) {
      assertTrue(network.compiled());
      return TestNetworks.actual(network, images, IMAGES);
    }
  }

  private NetworkSource named() {
    var module = sequential(conv(3, 6, 3, 1, 0, 1).setName("first"), layer("ReLU", true).setName("active"),
        conv(6, 8, 3, 1, 0, 1).setName("second"), globalAverage().setName("pool"), reshape(8).setName("flat"),
        linear(8, 5).setName("labels"), layer("SoftMax").setName("probabilities"));
    return TestNetworks.save(module, folder, new int[] {3, 16, 16}, 5, OutputKind.PROBABILITIES);
  }

  /** What BigDL says of a chain of layers that ends at this one. */
  private static float[] forward(NetworkSource source, String end, float[] images) throws Exception {
    Object whole = BigDlModule.load(source).module();
    Container<?, ?, ?> chain = (Container<?, ?, ?>) whole;
    AbstractModule<Activity, Activity, Object> last = Layers.module(chain.modules().apply(0));
    AbstractModule<Activity, Activity, Object> cut = sequential(last);
    for (int i = 1; !last.getName().equals(end); i++) {
      last = Layers.module(chain.modules().apply(i));
      cut = sequential(cut, last);
    }
    int[] shape = {IMAGES, source.channels(), source.height(), source.width()};
    return new BigDlModule(cut).forward(FloatBuffer.wrap(images), shape);
  }
}
