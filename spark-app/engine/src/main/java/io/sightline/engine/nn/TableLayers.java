package io.sightline.engine.nn;

import io.sightline.engine.nn.Op.Merge.Kind;
import java.util.List;

/** Layers that read or give several tensors (BigDL's tables), and those that pass on whatever they get. */
final class TableLayers {
  private TableLayers() {}

  /** The layer's results, or null for a layer of another family. */
  static List<Node> read(Layer layer, List<Node> inputs) throws UnsupportedLayerException {
    return switch (layer.kind()) {
      case "Input", "Identity", "Contiguous", "FlattenTable", "GaussianNoise", "GaussianDropout" -> inputs;
      case "CAddTable" -> List.of(sum(layer, inputs));
      case "CAveTable" -> List.of(mean(layer, inputs));
      case "CMulTable" -> List.of(merged(layer, Kind.PRODUCT, inputs));
      case "CSubTable" -> List.of(merged(layer, Kind.DIFFERENCE, pair(layer, inputs)));
      case "CDivTable" -> List.of(merged(layer, Kind.QUOTIENT, pair(layer, inputs)));
      case "CMaxTable" -> List.of(merged(layer, Kind.MAXIMUM, inputs));
      case "CMinTable" -> List.of(merged(layer, Kind.MINIMUM, inputs));
      case "JoinTable" -> List.of(join(layer, inputs, layer.integer("dimension"), layer.integer("nInputDims")));
      case "SelectTable" -> List.of(select(layer, inputs));
      case "NarrowTable" -> narrow(layer, inputs);
      default -> null;
    };
  }

  private static Node sum(Layer layer, List<Node> inputs) throws UnsupportedLayerException {
    Node total = first(layer, inputs);
    for (Node input : inputs.subList(1, inputs.size())) {
      total = new Node(new Op.Sum(List.of()), total, input);
    }
    return total;
  }

  private static Node mean(Layer layer, List<Node> inputs) throws UnsupportedLayerException {
    return new Node(new Op.Pointwise(Activation.linear(1f / inputs.size(), 0)), sum(layer, inputs));
  }

  private static Node merged(Layer layer, Kind kind, List<Node> inputs) throws UnsupportedLayerException {
    Node result = first(layer, inputs);
    for (Node input : inputs.subList(1, inputs.size())) {
      result = new Node(new Op.Merge(kind, List.of()), result, input);
    }
    return result;
  }

  private static Node first(Layer layer, List<Node> inputs) throws UnsupportedLayerException {
    if (inputs.isEmpty()) {
      throw layer.refused("reads nothing");
    }
    return inputs.get(0);
  }

  private static List<Node> pair(Layer layer, List<Node> inputs) throws UnsupportedLayerException {
    if (inputs.size() != 2) {
      throw layer.refused("reads " + inputs.size() + " tensors");
    }
    return inputs;
  }

  /** {@code dimension} counts from 1 and includes the batch, unless {@code rank} says that it is an image's alone. */
  static Node join(Layer layer, List<Node> inputs, int dimension, int rank) throws UnsupportedLayerException {
    int axis = AxisLayers.axis(layer, first(layer, inputs), dimension, rank);
    return new Node(new Op.Concat(axis), inputs);
  }

  private static Node select(Layer layer, List<Node> inputs) throws UnsupportedLayerException {
    int index = layer.integer("index");
    int fromOne = index < 0 ? inputs.size() + index : index; // so BigDL counts: -1 is the last but one
    if (fromOne < 1 || fromOne > inputs.size()) {
      throw layer.refused("selects tensor " + index + " of " + inputs.size());
    }
    return inputs.get(fromOne - 1);
  }

  private static List<Node> narrow(Layer layer, List<Node> inputs) throws UnsupportedLayerException {
    int first = layer.integer("offset") - 1;
    int length = layer.integer("length");
    int end = length < 0 ? inputs.size() + 1 + length : first + length;
    if (first < 0 || end <= first || end > inputs.size()) {
      throw layer.refused("selects tensors " + (first + 1) + " to " + end + " of " + inputs.size());
    }
    return inputs.subList(first, end);
  }
}
