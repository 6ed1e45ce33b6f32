package io.sightline.engine.nn;

import java.util.Iterator;
import java.util.List;

/** Compiles post-ops. */
final class Fusion {
  private final Quantisation quantisation;
  private final Values values;

  Fusion(Quantisation quantisation, Values values) {
    this.quantisation = quantisation;
    this.values = values;
  }

  /** What is added comes after the op's own inputs. */
  private static List<Node> addends(Node node, Op.Fusing op) {
    long count = op.postOps().stream().filter(PostOp.Add.class::isInstance).count();
    return node.inputs().subList(node.inputs().size() - (int) count, node.inputs().size());
  }

  /** How addends are stored while they are added: as the first of whole numbers is. */
  Storage addend(Node node, Op.Fusing op) {
    return addends(node, op).stream().map(quantisation::stored).filter(Storage::isWhole)
        .findFirst().orElse(Storage.REAL);
  }

  /** Adds the post-ops, in the attributes' units. */
  void fuse(Node node, Op.Fusing op, Attributes attributes) {
    Iterator<Node> addends = addends(node, op).iterator();
    Storage storage = addend(node, op);
    for (int i = 0; i < op.postOps().size(); i++) {
      if (op.postOps().get(i) instanceof PostOp.Apply apply) {
        boolean last = i + 1 == op.postOps().size();
        if (!last || !quantisation.stored(node).clips(apply.activation())) {
          attributes.apply(apply.activation());
        }
      } else {
        attributes.add(values.addend(addends.next(), storage));
      }
    }
  }
}
