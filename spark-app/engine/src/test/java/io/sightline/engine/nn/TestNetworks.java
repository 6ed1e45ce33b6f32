package io.sightline.engine.nn;

import static io.sightline.engine.nn.Layers.add;
import static io.sightline.engine.nn.Layers.conv;
import static io.sightline.engine.nn.Layers.globalAverage;
import static io.sightline.engine.nn.Layers.graph;
import static io.sightline.engine.nn.Layers.imageNorm;
import static io.sightline.engine.nn.Layers.input;
import static io.sightline.engine.nn.Layers.layer;
import static io.sightline.engine.nn.Layers.linear;
import static io.sightline.engine.nn.Layers.maxPool;
import static io.sightline.engine.nn.Layers.node;
import static io.sightline.engine.nn.Layers.reshape;
import static io.sightline.engine.nn.Layers.sequential;

import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.Activity;
import com.intel.analytics.bigdl.dllib.utils.Node;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Random;

/** Small models saved the way BigDL's Python API saves them, and what they should answer. */
final class TestNetworks {
  private TestNetworks() {}

  static AbstractModule<Activity, Activity, Object> lenet() {
    return sequential(reshape(1, 28, 28), conv(1, 6, 5, 1, 0, 1), layer("Tanh"), maxPool(2, 2, 0, false),
        conv(6, 12, 5, 1, 0, 1), layer("Tanh"), maxPool(2, 2, 0, false), reshape(12 * 4 * 4), linear(12 * 4 * 4, 100),
        layer("Tanh"), linear(100, 10), layer("LogSoftMax"));
  }

  static NetworkSource lenetSource(Path folder) {
    return save(lenet(), folder, new int[] {1, 28, 28}, 10, OutputKind.LOG_PROBABILITIES);
  }

  /** With a layer the compiler does not know. */
  static NetworkSource unknownSource(Path folder) {
    var module = sequential(conv(1, 6, 5, 1, 0, 1), layer("HardShrink", 0.1), maxPool(2, 2, 0, false),
        reshape(6 * 12 * 12), linear(6 * 12 * 12, 10), layer("LogSoftMax"));
    return save(module, folder, new int[] {1, 28, 28}, 10, OutputKind.LOG_PROBABILITIES);
  }

  /** Inverted residual blocks as in EfficientNet-Lite, with batch normalisation not folded yet. */
  static AbstractModule<Activity, Activity, Object> mobile() {
    Node<AbstractModule<Activity, Activity, Object>> start = input();
    var x = block(start, conv(3, 8, 3, 2, Layers.SAME, 1, false), 8, true); // 30 -> 15, asymmetric
    var y = block(x, conv(8, 24, 1, 1, 0, 1, false), 24, true);
    y = block(y, conv(24, 24, 5, 1, 2, 24, false), 24, true);
    y = block(y, conv(24, 8, 1, 1, 0, 1, false), 8, false);
    x = node(add(), y, x);
    y = block(x, conv(8, 24, 1, 1, 0, 1, false), 24, true);
    y = block(y, conv(24, 24, 3, 2, Layers.SAME, 24, false), 24, true); // 15 -> 8
    x = block(y, conv(24, 16, 1, 1, 0, 1, false), 16, false);
    x = block(x, conv(16, 32, 1, 1, 0, 1), 32, true);
    x = node(linear(32, 12), node(reshape(32), node(globalAverage(), x)));
    return graph(start, node(layer("SoftMax"), x));
  }

  static NetworkSource mobileSource(Path folder) {
    return save(mobile(), folder, new int[] {3, 30, 30}, 12, OutputKind.PROBABILITIES);
  }

  private static Node<AbstractModule<Activity, Activity, Object>> block(
      Node<AbstractModule<Activity, Activity, Object>> input, AbstractModule<Activity, Activity, Object> conv,
      int channels, boolean active) {
    var normal = node(imageNorm(channels), node(conv, input));
    return active ? node(layer("ReLU6", false), normal) : normal;
  }

  static NetworkSource save(
      AbstractModule<Activity, Activity, Object> module, Path folder, int[] image, int classes, OutputKind output) {
    Path definition = folder.resolve("model.bigdl");
    Path parameters = folder.resolve("model.bin");
    module.evaluate();
    module.saveModule(definition.toString(), parameters.toString(), true);
    return new NetworkSource("test@1", definition, parameters, image[0], image[1], image[2], classes, output);
  }

  static float[] images(NetworkSource source, int n, long seed) {
    Random random = new Random(seed);
    float[] values = new float[n * source.inputLength()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** BigDL's own plain forward. */
  static float[] expected(NetworkSource source, float[] images, int n) throws NetworkException {
    float[] probabilities = new float[n * source.outputs()];
    try (Runner plain = new BigDlBackend(source, BigDlModule.load(source)).newRunner()) {
      plain.forward(FloatBuffer.wrap(images), n, probabilities);
    }
    return probabilities;
  }

  static float[] actual(Network network, float[] images, int n) {
    float[] probabilities = new float[n * network.outputs()];
    try (Session session = network.open()) {
      session.forward(images, n, probabilities);
    }
    return probabilities;
  }
}
