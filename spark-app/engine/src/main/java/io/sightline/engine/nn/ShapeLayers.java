package io.sightline.engine.nn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import scala.Option;
import scala.Tuple2;

/** Layers that give the same values in another shape or order. The batch must stay what it is. */
final class ShapeLayers {
  private ShapeLayers() {}

  /** The layer's result, or null for a layer of another family. */
  static Node read(Layer layer, Node input) throws UnsupportedLayerException {
    return switch (layer.kind()) {
      case "Reshape" -> reshape(layer, input);
      case "View" -> reshaped(input, boxed(layer.integers("sizes"))); // BigDL fails at open sides
      case "InferReshape" -> inferred(layer, input);
      case "Squeeze" -> squeeze(layer, input);
      case "Unsqueeze" -> unsqueeze(layer, input);
      case "Transpose" -> transpose(layer, input);
      default -> null;
    };
  }

  private static Node reshaped(Node input, List<Integer> sides) {
    Shape target = new Shape(sides.stream().mapToInt(Integer::intValue).toArray());
    return target.equals(input.shape()) ? input : new Node(new Op.Reshape(target), input);
  }

  private static Node reshape(Layer layer, Node input) throws UnsupportedLayerException {
    Option<?> batchMode = (Option<?>) PrivateField.of(layer.module(), "batchMode");
    if (batchMode.isDefined() && !(Boolean) batchMode.get()) {
      throw layer.refused("reshapes the batch");
    }
    return reshaped(input, boxed(layer.integers("size")));
  }

  private static Node inferred(Layer layer, Node input) throws UnsupportedLayerException {
    List<Integer> sides = boxed(layer.integers("size"));
    if (layer.flag("batchMode")) {
      if (sides.contains(0)) {
        throw layer.refused("copies sides"); // BigDL's are off by one here
      }
      return reshaped(input, closed(layer, sides, input.shape().length()));
    }
    for (int i = 1; i < sides.size(); i++) {
      if (sides.get(i) == 0) {
        sides.set(i, side(layer, input.shape(), i - 1));
      }
    }
    List<Integer> image = sides.subList(1, sides.size());
    boolean keepsBatch = sides.get(0) == 0 || sides.get(0) == -1 && !image.contains(-1);
    if (!keepsBatch) {
      throw layer.refused("reshapes the batch");
    }
    return reshaped(input, closed(layer, image, input.shape().length()));
  }

  private static int side(Layer layer, Shape shape, int axis) throws UnsupportedLayerException {
    if (axis >= shape.rank()) {
      throw layer.refused("copies a side that " + shape + " lacks");
    }
    return shape.side(axis);
  }

  /** The sides, with what is left of {@code length} for the one of -1. */
  private static List<Integer> closed(Layer layer, List<Integer> sides, int length) throws UnsupportedLayerException {
    int open = sides.indexOf(-1);
    if (open < 0) {
      return sides;
    }
    int known = sides.stream().filter(side -> side != -1).reduce(1, Math::multiplyExact);
    if (open != sides.lastIndexOf(-1) || known <= 0 || length % known != 0) {
      throw layer.refused("makes " + sides + " of " + length + " values");
    }
    List<Integer> closed = new ArrayList<>(sides);
    closed.set(open, length / known);
    return closed;
  }

  private static Node squeeze(Layer layer, Node input) throws UnsupportedLayerException {
    List<Integer> sides = sides(input.shape());
    int[] dimensions = layer.integers("dimensions");
    if (dimensions == null) { // without batch mode BigDL takes a batch of one away, too, which later layers put up with
      return reshaped(input, sides.stream().filter(side -> side != 1).toList());
    }
    for (int dimension : dimensions) {
      if (dimension < 2 || dimension > sides.size() + 1) {
        throw layer.refused("squeezes dimension " + dimension);
      }
      if (sides.get(dimension - 2) == 1 && sides.size() > 1) {
        sides.remove(dimension - 2);
      }
    }
    return reshaped(input, sides);
  }

  private static Node unsqueeze(Layer layer, Node input) throws UnsupportedLayerException {
    int[] positions = layer.integers("pos");
    int rank = layer.integer("numInputDims");
    boolean plain = rank == Integer.MIN_VALUE || rank == input.shape().rank() + 1;
    if (positions.length != 1 || !plain) {
      throw layer.refused("inserts several dimensions, or counts them without the batch");
    }
    int position = positions[0] <= 0 ? input.shape().rank() + 2 + positions[0] : positions[0];
    List<Integer> sides = sides(input.shape());
    if (position < 2 || position > sides.size() + 2) {
      throw layer.refused("inserts dimension " + positions[0]);
    }
    sides.add(position - 2, 1);
    return reshaped(input, sides);
  }

  private static Node transpose(Layer layer, Node input) throws UnsupportedLayerException {
    List<Integer> axes = boxed(IntStream.range(0, input.shape().rank()).toArray());
    for (Object swap : (Object[]) PrivateField.of(layer.module(), "permutations")) {
      Tuple2<?, ?> dimensions = (Tuple2<?, ?>) swap;
      Collections.swap(axes, AxisLayers.axis(layer, input, (Integer) dimensions._1(), 0),
          AxisLayers.axis(layer, input, (Integer) dimensions._2(), 0));
    }
    return new Node(new Op.Permute(List.copyOf(axes)), input);
  }

  private static List<Integer> sides(Shape shape) {
    return boxed(IntStream.range(0, shape.rank()).map(shape::side).toArray());
  }

  private static List<Integer> boxed(int[] values) {
    return new ArrayList<>(IntStream.of(values).boxed().toList());
  }
}
