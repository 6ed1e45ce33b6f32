package io.sightline.engine.nn;

import java.util.List;

/** One computation of a {@link Program}; equal only to itself. */
final class Node {
  private final Op op;
  private final List<Node> inputs;
  private final Shape shape;

  Node(Op op, List<Node> inputs) {
    this.op = op;
    this.inputs = List.copyOf(inputs);
    this.shape = op.shape(inputs.stream().map(Node::shape).toList());
  }

  Node(Op op, Node... inputs) {
    this(op, List.of(inputs));
  }

  Op op() {
    return op;
  }

  List<Node> inputs() {
    return inputs;
  }

  Node input() {
    return inputs.get(0);
  }

  Shape shape() {
    return shape;
  }
}
