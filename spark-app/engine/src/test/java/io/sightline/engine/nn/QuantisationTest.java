package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class QuantisationTest {
  private static final Activation RELU = Activation.relu(0);

  private final Node image = new Node(new Op.Input(new Shape(2, 4, 4)));

  @Test
  void scalesFollowTheBoundsAndTheSigns() {
    Node active = new Node(conv(2, new PostOp.Apply(RELU)), image);
    Node linear = new Node(conv(2), active);
    Node last = new Node(conv(2), linear);
    Quantisation quantisation = Quantisation.of(new Program(last), List.of(1f, 51f, 25.4f, 7f));
    assertEquals(Storage.REAL, quantisation.stored(image), "the input comes as it is");
    assertEquals(new Storage(Storage.Kind.SIGNED, 1 / 127f), quantisation.read(image));
    assertEquals(new Storage(Storage.Kind.UNSIGNED, 51 / 255f), quantisation.stored(active));
    assertEquals(new Storage(Storage.Kind.SIGNED, 25.4f / 127), quantisation.stored(linear));
    assertEquals(Storage.REAL, quantisation.stored(last), "nobody multiplies it");
  }

  @Test
  void whatOnlyMovesValuesSharesAScale() {
    Node one = new Node(conv(2, new PostOp.Apply(RELU)), image);
    Node other = new Node(conv(2), image);
    Node pooled = new Node(new Op.Pooling(Op.Pooling.Kind.MAX, Window.POINT), one);
    Node joined = new Node(new Op.Concat(0), List.of(pooled, other));
    Node last = new Node(conv(4), joined);
    Program program = new Program(last);
    List<Float> bounds = program.order().stream().map(node -> node == other ? 12.7f : 1f).toList();
    Quantisation quantisation = Quantisation.of(program, bounds);
    Storage shared = new Storage(Storage.Kind.SIGNED, 12.7f / 127);
    for (Node node : List.of(one, other, pooled, joined)) {
      assertEquals(shared, quantisation.stored(node));
    }
  }

  @Test
  void aWholeImagesMeanStaysReal() {
    Node active = new Node(conv(2, new PostOp.Apply(RELU)), image);
    Window whole = new Window(new Span(4, 1, 0, 0), new Span(4, 1, 0, 0));
    Node mean = new Node(new Op.Pooling(Op.Pooling.Kind.AVERAGE_WITHOUT_PADDING, whole), active);
    Node dense = new Node(new Op.Dense(weights(3, 2), List.of()), mean);
    Quantisation quantisation = Quantisation.of(new Program(dense), List.of(1f, 1f, 1f, 1f));
    assertFalse(quantisation.stored(active).isWhole());
    assertFalse(quantisation.stored(mean).isWhole());
    assertTrue(quantisation.read(mean).isWhole(), "the dense layer computes in whole numbers");
  }

  @Test
  void refusesBoundsOfAnotherProgram() {
    Program program = new Program(new Node(conv(2), image));
    assertThrows(IllegalArgumentException.class, () -> Quantisation.of(program, List.of(1f)));
  }

  @Test
  void weightsHaveAScalePerOutput() {
    WholeWeights weights = WholeWeights.of(new Weights(new float[] {1, -2, 0, 0, 0.5f, 0.1f}, new float[] {3, 4, 5}));
    assertArrayEquals(new float[] {64, -127, 0, 0, 127, 25}, weights.kernel());
    assertArrayEquals(new float[] {2 / 127f, 1, 0.5f / 127}, weights.scales());
    assertArrayEquals(new float[] {6, 8, 10}, weights.bias(0.5f));
  }

  @Test
  void theFingerprintChangesWithStructureAndWeights() {
    String print = Fingerprint.of(new Program(new Node(conv(2), image)));
    assertEquals(print, Fingerprint.of(new Program(new Node(conv(2), new Node(image.op())))));
    Op.Convolution other = conv(2).withWeights(new Weights(new float[] {1, 1, 1, 2}, new float[2]));
    for (Op changed : List.of(conv(2, new PostOp.Apply(RELU)), other)) {
      assertFalse(print.equals(Fingerprint.of(new Program(new Node(changed, image)))));
    }
  }

  /** A point convolution from {@code inputs} channels to 2. */
  private static Op.Convolution conv(int inputs, PostOp... postOps) {
    return new Op.Convolution(weights(2, inputs), 1, Window.POINT, List.of(postOps));
  }

  private static Weights weights(int outputs, int inputs) {
    float[] kernel = new float[outputs * inputs];
    Arrays.fill(kernel, 1);
    return new Weights(kernel, new float[outputs]);
  }
}
