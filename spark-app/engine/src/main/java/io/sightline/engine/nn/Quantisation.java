package io.sightline.engine.nn;

import io.sightline.engine.nn.Op.Pooling;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decides which tensors of a program are kept as whole numbers, and at which scale.
 *
 * <p>Convolutions and dense layers compute in whole numbers; so a tensor is kept that way if one of them reads it and
 * what makes it can write it. Ops that only move values (maximum, pooling, concatenation, reshaping) share one scale
 * with what they read. What nobody multiplies, like the input of the softmax, stays real.
 */
final class Quantisation {
  private final Map<Node, Storage> stored = new IdentityHashMap<>();
  private final Map<Node, Storage> whole = new IdentityHashMap<>();
  private final Map<Op.Linear, WholeWeights> weights = new IdentityHashMap<>();

  private Quantisation() {}

  /** Everything in real numbers. */
  static Quantisation none() {
    return new Quantisation();
  }

  /** @param bounds of each node in the program's order */
  static Quantisation of(Program program, List<Float> bounds) {
    if (bounds.size() != program.order().size()) {
      throw new IllegalArgumentException(bounds.size() + " bounds for " + program.order().size() + " tensors");
    }
    Quantisation quantisation = new Quantisation();
    Set<Node> wanted = wanted(program);
    for (Group group : groups(program, bounds, wanted)) {
      Storage storage = Storage.whole(group.unsigned ? Storage.Kind.UNSIGNED : Storage.Kind.SIGNED, group.bound);
      for (Node node : group.nodes) {
        quantisation.whole.put(node, storage);
        if (wanted.contains(node) && writesWhole(node)) {
          quantisation.stored.put(node, storage);
        }
      }
    }
    return quantisation;
  }

  /** How the node's tensor is kept. */
  Storage stored(Node node) {
    return stored.getOrDefault(node, Storage.REAL);
  }

  /** How layers that compute in whole numbers read the node's tensor; real if none does. */
  Storage read(Node node) {
    return whole.getOrDefault(node, Storage.REAL);
  }

  /** The layer's weights in whole numbers, made once for all batch sizes. */
  WholeWeights weights(Op.Linear op) {
    return weights.computeIfAbsent(op, layer -> WholeWeights.of(layer.weights()));
  }

  /** The tensors that somebody reads as whole numbers. */
  private static Set<Node> wanted(Program program) {
    Set<Node> wanted = new HashSet<>(); // a node equals only itself
    List<Node> order = program.order();
    for (int i = order.size() - 1; i >= 0; i--) {
      Node node = order.get(i);
      if (node.op() instanceof Op.Linear || wanted.contains(node) && writesWhole(node)) {
        wanted.addAll(node.inputs());
      }
    }
    return wanted;
  }

  private static boolean writesWhole(Node node) {
    Op op = node.op();
    return op instanceof Op.Linear || op instanceof Op.Sum || moves(node);
  }

  /** Whether the node's values are its inputs' own, or means of them. */
  private static boolean moves(Node node) {
    return node.op() instanceof Pooling pooling && !isGlobalMean(pooling, node)
        || node.op() instanceof Op.Concat || node.op() instanceof Op.Reshape;
  }

  /** A whole image's mean: rounding it to the image's own steps would throw most of its precision away. */
  private static boolean isGlobalMean(Pooling pooling, Node node) {
    return pooling.kind() != Pooling.Kind.MAX && node.shape().length() == node.shape().side(0);
  }

  /** Tensors that share a scale. */
  private static final class Group {
    private final List<Node> nodes = new ArrayList<>();
    private float bound;
    private boolean unsigned = true;
  }

  private static Set<Group> groups(Program program, List<Float> bounds, Set<Node> wanted) {
    Map<Node, Group> groups = new IdentityHashMap<>();
    Map<Node, Boolean> unsigned = unsigned(program);
    for (int i = 0; i < bounds.size(); i++) {
      Node node = program.order().get(i);
      if (!wanted.contains(node)) {
        continue;
      }
      Group group = new Group();
      group.nodes.add(node);
      group.bound = bounds.get(i);
      group.unsigned = unsigned.get(node);
      groups.put(node, group);
      if (moves(node)) {
        node.inputs().forEach(input -> merge(groups, group, groups.get(input)));
      }
    }
    return new HashSet<>(groups.values());
  }

  private static void merge(Map<Node, Group> groups, Group group, Group other) {
    if (group == other) {
      return;
    }
    group.bound = Math.max(group.bound, other.bound);
    group.unsigned &= other.unsigned;
    group.nodes.addAll(other.nodes);
    other.nodes.forEach(node -> groups.put(node, group));
  }

  /** Which tensors are never negative, whatever the image. */
  static Map<Node, Boolean> unsigned(Program program) {
    Map<Node, Boolean> unsigned = new IdentityHashMap<>();
    program.order().forEach(node -> unsigned.put(node, isUnsigned(node, unsigned)));
    return unsigned;
  }

  private static boolean isUnsigned(Node node, Map<Node, Boolean> unsigned) {
    Op op = node.op();
    if (op instanceof Op.Fusing fusing && !fusing.postOps().isEmpty()) {
      PostOp last = fusing.postOps().get(fusing.postOps().size() - 1);
      return last instanceof PostOp.Apply apply && apply.activation().isNeverNegative();
    } else if (op instanceof Op.Pointwise pointwise) {
      return pointwise.activation().isNeverNegative();
    } else if (op instanceof Op.Sum || moves(node)) {
      return node.inputs().stream().allMatch(unsigned::get);
    }
    return false;
  }
}
