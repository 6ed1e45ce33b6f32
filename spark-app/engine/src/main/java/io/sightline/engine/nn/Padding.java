package io.sightline.engine.nn;

import io.sightline.engine.nn.Op.Convolution;
import io.sightline.engine.nn.Op.Pooling;
import io.sightline.engine.nn.Op.Pooling.Kind;

/** Lets windows step over the zeros that a {@link Op.Pad} before them would write. */
final class Padding {
  private Padding() {}

  /** The op on its input, or on what that input pads when this gives the same. */
  static Node absorbed(Op op, Node input) {
    Op current = op;
    Node source = input;
    while (source.op() instanceof Op.Pad pad && pad.axis() > 0) {
      Op wider = widened(current, pad, source.input());
      if (wider == null) {
        break;
      }
      current = wider;
      source = source.input();
    }
    return new Node(current, source);
  }

  private static Op widened(Op op, Op.Pad pad, Node image) {
    if (op instanceof Convolution convolution) {
      return new Convolution(convolution.weights(), convolution.groups(), convolution.window().widened(pad),
          convolution.postOps());
    } else if (op instanceof Pooling pooling) {
      return pooling.kind() == Kind.MAX ? maximum(pooling, pad, image) : average(pooling, pad);
    }
    return null;
  }

  /** The padding's zeros count; an own padding that does not count would have to be told from them. */
  private static Op average(Pooling pooling, Op.Pad pad) {
    if (pooling.kind() == Kind.AVERAGE_WITHOUT_PADDING && pooling.window().isPadded()) {
      return null;
    }
    return new Pooling(Kind.AVERAGE_WITH_PADDING, pooling.window().widened(pad));
  }

  /** A maximum leaves its own padding out: the same as zeros if each window holds a value that is not negative. */
  private static Op maximum(Pooling pooling, Op.Pad pad, Node image) {
    Window wider = pooling.window().widened(pad);
    boolean meets = pad.axis() == 1
        ? wider.vertical().alwaysMeets(image.shape().side(1))
        : wider.horizontal().alwaysMeets(image.shape().side(2));
    return meets && isNeverNegative(image) ? new Pooling(Kind.MAX, wider) : null;
  }

  private static boolean isNeverNegative(Node node) {
    if (node.op() instanceof Op.Fusing fusing && !fusing.postOps().isEmpty()) {
      PostOp last = fusing.postOps().get(fusing.postOps().size() - 1);
      return last instanceof PostOp.Apply apply && apply.activation().isNeverNegative();
    } else if (node.op() instanceof Op.Pointwise pointwise) {
      return pointwise.activation().isNeverNegative();
    }
    boolean keepsSign = node.op() instanceof Pooling || node.op() instanceof Op.Pad;
    return keepsSign && isNeverNegative(node.input());
  }
}
