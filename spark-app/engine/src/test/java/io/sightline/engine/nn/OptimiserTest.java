package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.sightline.engine.nn.Op.Pooling.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What vanishes into its neighbours; that the values stay the same is {@link KnownLayersTest}'s. */
final class OptimiserTest {
  private static final Node IMAGE = new Node(new Op.Input(new Shape(2, 8, 8)), List.of());
  private static final Node POSITIVE = new Node(new Op.Pointwise(Activation.relu(0)), IMAGE);

  @Test
  void zerosBeforeAConvolutionBecomeItsPadding() {
    assertEquals(List.of("Input", "Convolution"), left(convolution(padded(IMAGE, 1))));
  }

  @Test
  void zerosBeforeAnAverageBecomeItsPadding() {
    assertEquals(List.of("Input", "Pooling"), left(pooling(Kind.AVERAGE_WITHOUT_PADDING, 0, padded(IMAGE, 1))));
    assertEquals(List.of("Input", "Pooling"), left(pooling(Kind.AVERAGE_WITH_PADDING, 1, padded(IMAGE, 1))));
  }

  @Test
  void zerosBeforeAnAverageThatLeavesItsOwnOutStay() {
    assertEquals(
        List.of("Input", "Pad", "Pad", "Pooling"), left(pooling(Kind.AVERAGE_WITHOUT_PADDING, 1, padded(IMAGE, 1))));
  }

  @Test
  void zerosBeforeAMaximumBecomeItsPaddingOnlyWhereNothingIsNegative() {
    assertEquals(List.of("Input", "Pointwise", "Pooling"), left(pooling(Kind.MAX, 0, padded(POSITIVE, 1))));
    assertEquals(List.of("Input", "Pad", "Pad", "Pooling"), left(pooling(Kind.MAX, 0, padded(IMAGE, 1))));
  }

  @Test
  void zerosThatFillAWindowOfAMaximumStay() {
    assertEquals(
        List.of("Input", "Pointwise", "Pad", "Pad", "Pooling"), left(pooling(Kind.MAX, 0, padded(POSITIVE, 3))));
  }

  @Test
  void aProductWithTheOwnSigmoidBecomesTheConvolutions() {
    Node before = convolution(IMAGE);
    Node sigmoid = new Node(new Op.Pointwise(Activation.of(Activation.Kind.SIGMOID)), before);
    Node swish = new Node(new Op.Merge(Op.Merge.Kind.PRODUCT, List.of()), before, sigmoid);
    assertEquals(List.of("Input", "Convolution"), left(swish));
    Node readAgain = new Node(new Op.Sum(List.of()), swish, before);
    assertEquals(List.of("Input", "Convolution", "Pointwise", "Sum"), left(readAgain));
  }

  private static List<String> left(Node output) {
    return Optimiser.optimise(new Program(output)).order().stream()
        .map(node -> node.op().getClass().getSimpleName()).toList();
  }

  private static Node padded(Node input, int zeros) {
    return new Node(new Op.Pad(2, zeros, zeros), new Node(new Op.Pad(1, zeros, zeros), input));
  }

  private static Node convolution(Node input) {
    Span span = new Span(3, 1, 0, 0);
    Weights weights = new Weights(new float[4 * 2 * 9], new float[4]);
    return new Node(new Op.Convolution(weights, 1, new Window(span, span), List.of()), input);
  }

  private static Node pooling(Kind kind, int padding, Node input) {
    Span span = new Span(3, 2, padding, padding);
    return new Node(new Op.Pooling(kind, new Window(span, span)), input);
  }
}
