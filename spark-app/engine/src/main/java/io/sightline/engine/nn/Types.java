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
  private final Precision precision;
  private final Quantisation quantisation;
  private final memory.data_type weights;
  private final Set<Node> exact = Collections.newSetFromMap(new IdentityHashMap<>());

  Types(Program program, Precision precision) {
    this(program, precision, Quantisation.none());
  }

  /** Whole numbers where the quantisation says so. */
  Types(Program program, Quantisation quantisation) {
    this(program, Precision.INT8, quantisation);
  }

  private Types(Program program, Precision precision, Quantisation quantisation) {
    this.precision = precision;
    this.quantisation = quantisation;
    this.weights = switch (precision) {
      case F32, INT8 -> memory.data_type.f32;
      case BF16 -> memory.data_type.bf16;
    };
    Node node = program.output();
    exact.add(node);
    while (passesOn(node.op())) {
      node = node.input();
      exact.add(node);
    }
  }

  Precision precision() {
    return precision;
  }

  Quantisation quantisation() {
    return quantisation;
  }

  /** Of the weights and the inputs of convolutions and fully connected layers that compute in real numbers. */
  memory.data_type weights() {
    return weights;
  }

  /** Of the node's result. */
  memory.data_type of(Node node) {
    return switch (quantisation.stored(node).kind()) {
      case REAL -> real(node);
      case SIGNED -> memory.data_type.s8;
      case UNSIGNED -> memory.data_type.u8;
    };
  }

  /** Of the node's result where it is in real numbers. */
  private memory.data_type real(Node node) {
    return exact.contains(node) || node.op() instanceof Op.Input ? memory.data_type.f32 : weights;
  }

  private static boolean passesOn(Op op) {
    return op instanceof Op.SoftMax || op instanceof Op.Reshape || op instanceof Op.Pointwise
        || op instanceof Op.Pooling;
  }
}
