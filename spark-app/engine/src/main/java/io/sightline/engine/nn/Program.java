package io.sightline.engine.nn;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** A network as a graph of nodes from one input to one output; batch size and memory are still open. */
final class Program {
  private final Node output;
  private final List<Node> order;

  Program(Node output) {
    this.output = output;
    this.order = List.copyOf(sorted(output));
  }

  Node output() {
    return output;
  }

  /** How many numbers come out per image. */
  int outputs() {
    return output.shape().length();
  }

  Node input() {
    return order.stream().filter(node -> node.op() instanceof Op.Input).findFirst().orElseThrow();
  }

  /** All nodes, each after its inputs. */
  List<Node> order() {
    return order;
  }

  /** How many inputs of other nodes each node is; the output counts once more. */
  Map<Node, Integer> uses() {
    Map<Node, Integer> uses = new IdentityHashMap<>();
    uses.put(output, 1);
    for (Node node : order) {
      node.inputs().forEach(input -> uses.merge(input, 1, Integer::sum));
    }
    return uses;
  }

  /** How much there is to compute for one image, in convolutions and fully connected layers. */
  long multiplyAdds() {
    long total = 0;
    for (Node node : order) {
      if (node.op() instanceof Op.Linear linear) {
        total += (long) node.shape().length() / linear.weights().outputs() * linear.weights().kernel().length;
      }
    }
    return total;
  }

  private static List<Node> sorted(Node output) {
    List<Node> sorted = new ArrayList<>();
    Map<Node, Boolean> done = new IdentityHashMap<>();
    Deque<Node> stack = new ArrayDeque<>(List.of(output));
    while (!stack.isEmpty()) { // deep networks would overflow a recursion
      Node node = stack.peek();
      List<Node> waiting = node.inputs().stream().filter(input -> !done.containsKey(input)).toList();
      if (!waiting.isEmpty()) {
        waiting.forEach(stack::push);
        continue;
      }
      stack.pop();
      if (done.put(node, true) == null) {
        sorted.add(node);
      }
    }
    return sorted;
  }
}
