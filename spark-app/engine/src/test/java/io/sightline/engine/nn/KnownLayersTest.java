package io.sightline.engine.nn;

import static io.sightline.engine.nn.Layers.SAME;
import static io.sightline.engine.nn.Layers.add;
import static io.sightline.engine.nn.Layers.averagePool;
import static io.sightline.engine.nn.Layers.branches;
import static io.sightline.engine.nn.Layers.conv;
import static io.sightline.engine.nn.Layers.imageNorm;
import static io.sightline.engine.nn.Layers.join;
import static io.sightline.engine.nn.Layers.layer;
import static io.sightline.engine.nn.Layers.linear;
import static io.sightline.engine.nn.Layers.maxPool;
import static io.sightline.engine.nn.Layers.parallel;
import static io.sightline.engine.nn.Layers.sequential;
import static io.sightline.engine.nn.Layers.view;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.Activity;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.DataFormat;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import scala.Tuple2;

/** Each layer that is compiled against BigDL's plain forward: saved, loaded, on images of random shapes. */
@ExtendWith(SameWeights.class)
final class KnownLayersTest {
  private static final DataFormat NCHW = DataFormat.apply("NCHW");
  private static final int SEEDS = 2;
  private static final float TOLERANCE = 2e-5f;
  private static final float ROUGH_TOLERANCE = 0.1f;

  @TempDir
  private Path folder;

  /** A layer for images of {@code c x h x w}, all between 4 and 12. */
  private interface Making {
    AbstractModule<Activity, Activity, Object> make(Random random, int c, int h, int w);
  }

  private record Case(String name, Making making) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Case> windows() {
    return Stream.of(
        new Case("SpatialDilatedConvolution", (r, c, h, w) -> layer("SpatialDilatedConvolution", c, 5, 2, 3,
            1 + r.nextInt(2), 1 + r.nextInt(2), r.nextInt(3), r.nextInt(3), 1 + r.nextInt(3), 1, null, null)),
        new Case("SpatialSeparableConvolution", (r, c, h, w) -> layer("SpatialSeparableConvolution", c, 7,
            1 + r.nextInt(3), 3, 3, 1 + r.nextInt(2), 1, r.nextInt(2), 1, true, NCHW, null, null, null, null, null,
            null)),
        new Case("SpatialSeparableConvolution, SAME", (r, c, h, w) -> layer("SpatialSeparableConvolution", c, 3, 2,
            3, 3, 2, 2, SAME, SAME, false, NCHW, null, null, null, null, null, null)),
        new Case("SpatialCrossMapLRN", (r, c, h, w) -> layer("SpatialCrossMapLRN", 1 + 2 * r.nextInt(4),
            r.nextDouble() * 2, 0.5 + r.nextDouble(), 0.5 + r.nextDouble(), NCHW)),
        new Case("SpatialAveragePooling, ceil, counts padding",
            (r, c, h, w) -> averagePool(3, 2, r.nextInt(2), true, true)),
        new Case("SpatialAveragePooling, ceil, counts padding, long stride",
            (r, c, h, w) -> averagePool(3, 3, 1, true, true)),
        new Case("SpatialMaxPooling, ceil", (r, c, h, w) -> maxPool(3, 2, r.nextInt(2), true)));
  }

  static Stream<Case> padding() {
    return Stream.of(
        new Case("SpatialZeroPadding", (r, c, h, w) -> zeroPadding(r, 3)),
        new Case("SpatialZeroPadding that cuts", (r, c, h, w) -> layer("SpatialZeroPadding", -1, r.nextInt(3), 2, -1)),
        new Case("SpatialZeroPadding before a convolution",
            (r, c, h, w) -> sequential(zeroPadding(r, 3), conv(c, 4, 3, 2, 1, 1))),
        new Case("SpatialZeroPadding before an average",
            (r, c, h, w) -> sequential(zeroPadding(r, 2), averagePool(3, 2, 0, false, true))),
        new Case("SpatialZeroPadding before an average that leaves its own out",
            (r, c, h, w) -> sequential(zeroPadding(r, 2), averagePool(3, 2, r.nextInt(2), false, false))),
        new Case("SpatialZeroPadding before a maximum",
            (r, c, h, w) -> sequential(zeroPadding(r, 3), maxPool(3, 2, 0, false))),
        new Case("SpatialZeroPadding before a maximum of positive values",
            (r, c, h, w) -> sequential(layer("ReLU", false), zeroPadding(r, 3), maxPool(3, 2, 0, false))),
        new Case("Padding", (r, c, h, w) -> layer("Padding", 1 + r.nextInt(3), r.nextInt(5) - 2, 3, 0.0, 1)),
        new Case("Padding, batch counted", (r, c, h, w) -> layer("Padding", 3, -2, 4, 0.0, 1)),
        new Case("Cropping2D",
            (r, c, h, w) -> layer("Cropping2D", new int[] {r.nextInt(2), 1}, new int[] {1, r.nextInt(2)}, NCHW)),
        new Case("Narrow", (r, c, h, w) -> layer("Narrow", 2 + r.nextInt(3), 1 + r.nextInt(2), 2)),
        new Case("Narrow, to the end", (r, c, h, w) -> layer("Narrow", -1, 2, -1 - r.nextInt(2))),
        new Case("Select", (r, c, h, w) -> layer("Select", 2 + r.nextInt(3), 1 + r.nextInt(4))),
        new Case("Select from the end", (r, c, h, w) -> layer("Select", -2, -1 - r.nextInt(3))));
  }

  static Stream<Case> pointwise() {
    return Stream.of(
        new Case("Threshold of VGG", (r, c, h, w) -> layer("Threshold", 0.0, 1e-6, false)),
        new Case("Threshold", (r, c, h, w) -> layer("Threshold", 1e-6, 0.0, false)),
        new Case("Clamp", (r, c, h, w) -> layer("Clamp", -1, 1)),
        new Case("RReLU", (r, c, h, w) -> layer("RReLU", 0.1, 0.1 + r.nextDouble(), false)),
        new Case("ELU", (r, c, h, w) -> layer("ELU", r.nextDouble() * 2, false)),
        new Case("SoftPlus", (r, c, h, w) -> layer("SoftPlus", 0.5 + r.nextDouble())),
        new Case("SoftSign", (r, c, h, w) -> layer("SoftSign")),
        new Case("LogSigmoid", (r, c, h, w) -> layer("LogSigmoid")),
        new Case("HardSigmoid", (r, c, h, w) -> layer("HardSigmoid")),
        new Case("Exp", (r, c, h, w) -> layer("Exp")),
        new Case("Abs", (r, c, h, w) -> layer("Abs")),
        new Case("Square", (r, c, h, w) -> layer("Square")),
        new Case("Sqrt and Log of positive values", (r, c, h, w) -> sequential(layer("Exp"), layer("Sqrt"),
            layer("AddConstant", 0.1, false), layer("Log"))),
        new Case("Negative", (r, c, h, w) -> layer("Negative", false)),
        new Case("Mul", (r, c, h, w) -> layer("Mul")),
        new Case("MulConstant", (r, c, h, w) -> layer("MulConstant", r.nextGaussian(), false)),
        new Case("AddConstant", (r, c, h, w) -> layer("AddConstant", r.nextGaussian(), false)),
        new Case("Power, line", (r, c, h, w) -> layer("Power", 1.0, r.nextGaussian(), r.nextGaussian())),
        new Case("Power, square", (r, c, h, w) -> layer("Power", 2.0, r.nextGaussian(), r.nextGaussian())),
        new Case("Power of positive values",
            (r, c, h, w) -> sequential(layer("Exp"), layer("Power", -0.7, 0.4, r.nextDouble()))),
        new Case("PReLU, one slope", (r, c, h, w) -> layer("PReLU", 0)),
        new Case("PReLU", (r, c, h, w) -> layer("PReLU", c)),
        new Case("Dropout that scales", (r, c, h, w) -> layer("Dropout", r.nextDouble(), false, false)),
        new Case("SpatialDropout2D", (r, c, h, w) -> layer("SpatialDropout2D", r.nextDouble(), NCHW)),
        new Case("GaussianNoise, GaussianDropout",
            (r, c, h, w) -> sequential(layer("GaussianNoise", 0.5), layer("GaussianDropout", 0.5))),
        new Case("activations behind a convolution", (r, c, h, w) -> sequential(conv(c, 5, 3, 1, 1, 1),
            layer("ELU", 1.0, false), conv(5, 4, 3, 1, 0, 1), layer("HardSigmoid"),
            layer("MulConstant", 0.5, false))));
  }

  static Stream<Case> weighted() {
    return Stream.of(
        new Case("CMul", (r, c, h, w) -> layer("CMul", new int[] {1, c, 1, 1}, null)),
        new Case("CMul without batch", (r, c, h, w) -> layer("CMul", new int[] {c, 1, 1}, null)),
        new Case("CAdd", (r, c, h, w) -> layer("CAdd", new int[] {1, c, 1, 1}, null)),
        new Case("Scale behind a convolution",
            (r, c, h, w) -> sequential(conv(c, 6, 3, 1, 0, 1), layer("Scale", new int[] {1, 6, 1, 1}))),
        new Case("Scale of a vector", (r, c, h, w) -> sequential(layer("Mean", 4, -1, true), layer("Mean", 3, -1, true),
            layer("Scale", new int[] {1, c}))),
        new Case("SoftMax", (r, c, h, w) -> sequential(view(c * h * w), linear(c * h * w, 9), layer("SoftMax"))),
        new Case("LogSoftMax", (r, c, h, w) -> sequential(view(c * h * w), linear(c * h * w, 9), layer("LogSoftMax"))),
        new Case("normalisation of joined branches", (r, c, h, w) -> sequential(
            branches(conv(c, 4, 3, 1, 1, 1), layer("Identity")), join(2, 4), imageNorm(4 + c), layer("ReLU", false),
            conv(4 + c, 5, 1, 1, 0, 1))));
  }

  static Stream<Case> shapes() {
    return Stream.of(
        new Case("View", (r, c, h, w) -> view(h, c * w)),
        new Case("SoftMax of an image", (r, c, h, w) -> layer("SoftMax")),
        new Case("InferReshape, batch copied",
            (r, c, h, w) -> layer("InferReshape", new int[] {0, -1, w}, false)),
        new Case("InferReshape, side copied",
            (r, c, h, w) -> layer("InferReshape", new int[] {0, 0, -1}, false)),
        new Case("InferReshape, batch mode", (r, c, h, w) -> layer("InferReshape", new int[] {-1, c}, true)),
        new Case("Squeeze",
            (r, c, h, w) -> sequential(layer("Mean", 3, -1, false), layer("Squeeze", new int[] {3}, false))),
        new Case("Squeeze, batch mode",
            (r, c, h, w) -> sequential(layer("Sum", 4, -1, false, false), layer("Squeeze", new int[] {3}, true))),
        new Case("Squeeze what it finds",
            (r, c, h, w) -> sequential(layer("Mean", 3, -1, false), layer("Squeeze", null, true))),
        new Case("Squeeze what has no side of 1", (r, c, h, w) -> layer("Squeeze", new int[] {3}, false)),
        new Case("Unsqueeze", (r, c, h, w) -> layer("Unsqueeze", 2 + r.nextInt(4))),
        new Case("Transpose", (r, c, h, w) -> layer("Transpose", (Object) new Tuple2<?, ?>[] {
            new Tuple2<Object, Object>(2, 3), new Tuple2<Object, Object>(3, 4)})),
        new Case("Transpose to channels last and back", (r, c, h, w) -> sequential(
            layer("Transpose", (Object) new Tuple2<?, ?>[] {
                new Tuple2<Object, Object>(2, 4), new Tuple2<Object, Object>(2, 3)}),
            layer("Tanh"),
            layer("Transpose", (Object) new Tuple2<?, ?>[] {
                new Tuple2<Object, Object>(2, 3), new Tuple2<Object, Object>(2, 4)}),
            conv(c, 3, 3, 1, 1, 1))),
        new Case("channel shuffle", (r, c, h, w) -> sequential(conv(c, 6, 1, 1, 0, 1), Layers.reshape(2, 3, h, w),
            layer("Transpose", (Object) new Tuple2<?, ?>[] {new Tuple2<Object, Object>(2, 3)}), layer("Contiguous"),
            Layers.reshape(6, h, w), conv(6, 4, 3, 1, 1, 2))),
        new Case("Mean", (r, c, h, w) -> layer("Mean", 2 + r.nextInt(3), -1, true)),
        new Case("Mean of an image's dimension", (r, c, h, w) -> layer("Mean", 1 + r.nextInt(3), 3, true)),
        new Case("Sum", (r, c, h, w) -> layer("Sum", -1 - r.nextInt(3), -1, false, true)),
        new Case("Max", (r, c, h, w) -> layer("Max", 2 + r.nextInt(3), Integer.MIN_VALUE)),
        new Case("Max of an image's dimension", (r, c, h, w) -> layer("Max", 1 + r.nextInt(3), 3)),
        new Case("Min", (r, c, h, w) -> layer("Min", 2 + r.nextInt(3), Integer.MIN_VALUE)));
  }

  static Stream<Case> tables() {
    return Stream.of(
        new Case("CMulTable", (r, c, h, w) -> sequential(three(c), layer("CMulTable"), layer("ReLU", false))),
        new Case("CMulTable, squeeze and excite", (r, c, h, w) -> sequential(
            branches(layer("Identity"), sequential(Layers.globalAverage(), conv(c, 2, 1, 1, 0, 1), layer("ReLU", false),
                conv(2, c, 1, 1, 0, 1), layer("Sigmoid"))),
            layer("CMulTable"), conv(c, 3, 1, 1, 0, 1))),
        new Case("CMulTable, swish", (r, c, h, w) -> sequential(conv(c, 5, 3, 1, 1, 1),
            branches(layer("Identity"), layer("Sigmoid")), layer("CMulTable"), conv(5, 3, 1, 1, 0, 1))),
        new Case("CMulTable, swish of the input",
            (r, c, h, w) -> sequential(branches(layer("Sigmoid"), layer("Identity")), layer("CMulTable"))),
        new Case("CMulTable, swish of what is needed again", (r, c, h, w) -> sequential(conv(c, 5, 3, 1, 1, 1),
            branches(layer("Identity"), layer("Sigmoid"), layer("Identity")), layer("CMulTable"))),
        new Case("ParallelTable", (r, c, h, w) -> sequential(
            two(c), parallel(layer("Tanh"), conv(c, c, 1, 1, 0, 1)), layer("CSubTable"))),
        new Case("CAveTable", (r, c, h, w) -> sequential(three(c), layer("CAveTable", false))),
        new Case("CSubTable", (r, c, h, w) -> sequential(two(c), layer("CSubTable"))),
        new Case("CDivTable", (r, c, h, w) -> sequential(
            branches(layer("Identity"), sequential(conv(c, c, 1, 1, 0, 1), layer("Exp"))), layer("CDivTable"))),
        new Case("CMaxTable", (r, c, h, w) -> sequential(three(c), layer("CMaxTable"))),
        new Case("CMinTable", (r, c, h, w) -> sequential(three(c), layer("CMinTable"))),
        new Case("JoinTable from the end", (r, c, h, w) -> sequential(three(c), join(-1 - r.nextInt(3), 0))),
        new Case("SelectTable", (r, c, h, w) -> sequential(three(c), layer("SelectTable", 1 + r.nextInt(3)))),
        new Case("SelectTable from the end",
            (r, c, h, w) -> sequential(three(c), layer("SelectTable", -1 - r.nextInt(2)))),
        new Case("NarrowTable", (r, c, h, w) -> sequential(three(c), layer("NarrowTable", 2, 2), add())),
        new Case("NarrowTable to the end",
            (r, c, h, w) -> sequential(three(c), layer("NarrowTable", 1, -1 - r.nextInt(2)), join(2, 0))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"windows", "padding", "pointwise", "weighted", "shapes", "tables"})
  void equalsBigDl(Case tested) throws Exception {
    for (int seed = 0; seed < SEEDS; seed++) {
      compare(save(tested, seed), seed, Precision.F32, TOLERANCE);
    }
  }

  /** Rare layers take singles between layers that hold bfloat16. */
  @ParameterizedTest(name = "{0}")
  @MethodSource({"windows", "padding", "pointwise", "weighted", "shapes", "tables"})
  void staysCloseInBf16(Case tested) throws Exception {
    assumeTrue(Dnnl.computesInBf16());
    compare(save(tested, 0), 0, Precision.BF16, ROUGH_TOLERANCE);
  }

  private NetworkSource save(Case tested, int seed) {
    BigDlEngine.start();
    Random random = new Random(seed);
    int[] image = {4 + random.nextInt(9), 4 + random.nextInt(9), 4 + random.nextInt(9)};
    var module = tested.making().make(random, image[0], image[1], image[2]);
    return TestNetworks.save(module, folder, image, valuesOf(module, image), OutputKind.PROBABILITIES);
  }

  private static int valuesOf(AbstractModule<Activity, Activity, Object> module, int[] image) {
    FloatBuffer two = FloatBuffer.allocate(2 * image[0] * image[1] * image[2]);
    return new BigDlModule(module).forward(two, new int[] {2, image[0], image[1], image[2]}).length / 2;
  }

  /** Raw values: a source that says it gives probabilities is believed. */
  private static void compare(NetworkSource source, int seed, Precision precision, float tolerance) throws Exception {
    Program program = Optimiser.optimise(ModuleImporter.read(BigDlModule.load(source), source));
    Types types = new Types(program, precision);
    try (DnnlBackend backend = DnnlBackend.compile(source, program, List.of(1, 5), types);
        Runner runner = backend.newRunner()) {
      for (int n : new int[] {1, 5}) {
        float[] images = TestNetworks.images(source, n, seed);
        float[] expected = TestNetworks.expected(source, images, n);
        float[] actual = new float[expected.length];
        runner.forward(FloatBuffer.wrap(images), n, actual);
        for (int i = 0; i < expected.length; i++) {
          float allowed = tolerance * Math.max(1, Math.abs(expected[i]));
          assertEquals(expected[i], actual[i], allowed, "seed " + seed + ", batch " + n + ", value " + i);
        }
      }
    }
  }

  private static AbstractModule<Activity, Activity, Object> zeroPadding(Random random, int most) {
    return layer("SpatialZeroPadding",
        random.nextInt(most), random.nextInt(most), random.nextInt(most), random.nextInt(most));
  }

  private static AbstractModule<Activity, Activity, Object> two(int channels) {
    return branches(layer("Identity"), conv(channels, channels, 3, 1, 1, 1));
  }

  private static AbstractModule<Activity, Activity, Object> three(int channels) {
    return branches(layer("Identity"), conv(channels, channels, 3, 1, 1, 1), maxPool(3, 1, 1, false));
  }
}
