package io.sightline.engine.nn;

import io.sightline.engine.nn.Op.Affine;
import io.sightline.engine.nn.Op.Convolution;
import io.sightline.engine.nn.Op.Dense;
import io.sightline.engine.nn.Op.Fusing;
import io.sightline.engine.nn.Op.Linear;
import io.sightline.engine.nn.Op.Merge;
import io.sightline.engine.nn.Op.Pointwise;
import io.sightline.engine.nn.Op.Pooling;
import io.sightline.engine.nn.Op.Reshape;
import io.sightline.engine.nn.Op.SoftMax;
import io.sightline.engine.nn.Op.Sum;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Rewrites a program so that fewer passes over memory compute the same: batch normalisation goes into the weights
 * before it, activations and sums into the primitive before them.
 */
final class Optimiser {
  private final Program program;
  private final Map<Node, Integer> uses;
  private final Map<Node, Node> rewritten = new IdentityHashMap<>();

  private Optimiser(Program program) {
    this.program = program;
    this.uses = program.uses();
  }

  static Program optimise(Program program) {
    return new Optimiser(program).run();
  }

  private Program run() {
    for (Node node : program.order()) {
      rewritten.put(node, rewrite(node));
    }
    return new Program(rewritten.get(program.output()));
  }

  private Node rewrite(Node node) {
    List<Node> inputs = node.inputs().stream().map(rewritten::get).toList();
    Op op = node.op();
    if (op instanceof Affine affine) {
      return affine(node, affine, inputs.get(0));
    } else if (op instanceof Pointwise pointwise) {
      return pointwise(node, pointwise, inputs.get(0));
    } else if (op instanceof Sum) {
      return sum(node, inputs);
    } else if (op instanceof Merge merge && merge.kind() == Merge.Kind.PRODUCT) {
      return product(node, merge, inputs);
    } else if (op instanceof Convolution || op instanceof Pooling) {
      return Padding.absorbed(op, inputs.get(0));
    } else if (op instanceof Dense && inputs.get(0).op() instanceof Reshape) {
      return new Node(op, inputs.get(0).input());
    }
    return new Node(op, inputs);
  }

  private Node affine(Node node, Affine affine, Node input) {
    if (isOnlyUse(node, 0) && input.op() instanceof Linear linear && linear.postOps().isEmpty()) {
      return new Node(linear.withWeights(linear.weights().scaled(affine)), input.inputs());
    }
    // Alone it is a convolution of each channel with one weight, and can take over what follows.
    Weights weights = new Weights(affine.scale(), affine.shift());
    Convolution perChannel = new Convolution(weights, weights.outputs(), Window.POINT, List.of());
    if (input.shape().rank() == 3) {
      return new Node(perChannel, input);
    }
    Shape image = new Shape(weights.outputs(), 1, input.shape().length() / weights.outputs());
    return new Node(new Reshape(input.shape()), new Node(perChannel, new Node(new Reshape(image), input)));
  }

  private Node pointwise(Node node, Pointwise pointwise, Node input) {
    boolean afterLog = pointwise.activation().kind() == Activation.Kind.EXP
        && input.op() instanceof SoftMax softMax && softMax.log();
    if (afterLog) {
      return new Node(new SoftMax(false), input.inputs());
    }
    if (isOnlyUse(node, 0) && input.op() instanceof Fusing fusing) {
      return new Node(fusing.then(new PostOp.Apply(pointwise.activation())), input.inputs());
    }
    return new Node(pointwise, input);
  }

  private Node sum(Node node, List<Node> inputs) {
    for (int i = 0; i < 2; i++) {
      Node producer = inputs.get(i);
      Node other = inputs.get(1 - i);
      if (isOnlyUse(node, i) && producer != other && producer.op() instanceof Linear linear) {
        List<Node> all = new ArrayList<>(producer.inputs());
        all.add(other);
        return new Node(linear.then(new PostOp.Add()), all);
      }
    }
    return new Node(node.op(), inputs);
  }

  /** {@code x * sigmoid(x)}, which BigDL has no layer for, is one function. */
  private Node product(Node node, Merge merge, List<Node> inputs) {
    for (int i = 0; i < 2; i++) {
      Node factor = inputs.get(i);
      Node sigmoid = inputs.get(1 - i);
      if (sigmoid.op() instanceof Pointwise pointwise && pointwise.activation().kind() == Activation.Kind.SIGMOID
          && sigmoid.input() == factor) {
        return swish(node.inputs().get(i), factor);
      }
    }
    return new Node(merge, inputs);
  }

  private Node swish(Node original, Node factor) {
    Activation swish = new Activation(Activation.Kind.SWISH, 1, 0);
    boolean readTwice = uses.get(original) == 2; // by the sigmoid and by the product
    return readTwice && factor.op() instanceof Fusing fusing
        ? new Node(fusing.then(new PostOp.Apply(swish)), factor.inputs())
        : new Node(new Pointwise(swish), factor);
  }

  /** Whether nobody else reads the input, so that it may vanish into this node. */
  private boolean isOnlyUse(Node node, int input) {
    return uses.get(node.inputs().get(input)) == 1;
  }
}
