package io.sightline.engine.nn;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.bytedeco.dnnl.memory;

/**
 * The types that a program's values are stored in. Primitives always sum in single precision; what this decides is what
 * they read and write.
 *
 * <p>The last layer's values and what turns them into probabilities stay singles: nothing is saved there, and close
 * labels would become equal.
 */
final class Types {
  private final memory.data_type weights;
  private final Set<Node> exact = Collections.newSetFromMap(new IdentityHashMap<>());

  Types(Program program, Precision precision) {
    this.weights = switch (precision) {
      case F32 -> memory.data_type.f32;
      case BF16 -> memory.data_type.bf16;
    };
    Node node = program.output();
    exact.add(node);
    while (passesOn(node.op())) {
      node = node.input();
      exact.add(node);
    }
  }

  /** Of the weights and the inputs of convolutions and fully connected layers. */
  memory.data_type weights() {
    return weights;
  }

  /** Of the node's result. */
  memory.data_type of(Node node) {
    return exact.contains(node) || node.op() instanceof Op.Input ? memory.data_type.f32 : weights;
  }

  private static boolean passesOn(Op op) {
    return op instanceof Op.SoftMax || op instanceof Op.Reshape || op instanceof Op.Pointwise
        || op instanceof Op.Pooling;
  }
}
