package io.sightline.engine.nn;

/** Layers that cut, widen or sum up one axis. */
final class AxisLayers {
  private AxisLayers() {}

  /** The layer's result, or null for a layer of another family. */
  static Node read(Layer layer, Node input) throws UnsupportedLayerException {
    return switch (layer.kind()) {
      case "SpatialZeroPadding" -> zeroPadding(layer, input);
      case "Padding" -> padding(layer, input);
      case "Cropping2D" -> cropping(layer, input);
      case "Narrow" -> narrow(layer, input);
      case "Select" -> select(layer, input);
      case "Sum", "Mean" -> sum(layer, input);
      case "Max" -> extreme(layer, Op.Reduce.Kind.MAXIMUM, input);
      case "Min" -> extreme(layer, Op.Reduce.Kind.MINIMUM, input);
      default -> null;
    };
  }

  /**
   * The axis of an image that BigDL's {@code dimension} means: from 1, or from the end if negative, the batch counted
   * in, unless {@code rank} says that it means an image alone and the image has that rank.
   */
  static int axis(Layer layer, Node input, int dimension, int rank) throws UnsupportedLayerException {
    int batched = input.shape().rank() + 1;
    int fromOne = dimension < 0 ? batched + dimension + 1 : dimension;
    if (dimension > 0 && rank > 0 && rank == input.shape().rank()) {
      fromOne++;
    }
    if (fromOne < 2 || fromOne > batched) {
      throw layer.refused("works along dimension " + dimension);
    }
    return fromOne - 2;
  }

  private static Node zeroPadding(Layer layer, Node input) throws UnsupportedLayerException {
    if (input.shape().rank() != 3) {
      throw layer.refused("reads a tensor of shape " + input.shape());
    }
    Node tall = widened(input, 1, layer.integer("padTop"), layer.integer("padBottom"));
    return widened(tall, 2, layer.integer("padLeft"), layer.integer("padRight"));
  }

  /** Zeros around an axis; a negative number of them cuts values off. */
  private static Node widened(Node input, int axis, int before, int after) {
    int length = input.shape().side(axis) + Math.min(0, before) + Math.min(0, after);
    Node cut = sliced(input, axis, Math.max(0, -before), length);
    return before <= 0 && after <= 0
        ? cut
        : new Node(new Op.Pad(axis, Math.max(0, before), Math.max(0, after)), cut);
  }

  private static Node sliced(Node input, int axis, int start, int length) {
    return start == 0 && length == input.shape().side(axis)
        ? input
        : new Node(new Op.Slice(axis, start, length), input);
  }

  private static Node padding(Layer layer, Node input) throws UnsupportedLayerException {
    if (layer.number("value") != 0 || layer.integer("nIndex") != 1) {
      throw layer.refused("pads with " + layer.number("value") + " from index " + layer.integer("nIndex"));
    }
    int pad = layer.integer("pad");
    int shift = layer.integer("nInputDim") == input.shape().rank() + 1 ? 0 : 1; // so BigDL counts, any other rank
    int axis = axis(layer, input, layer.integer("dim") + shift, 0);
    return pad == 0 ? input : new Node(new Op.Pad(axis, Math.max(0, -pad), Math.max(0, pad)), input);
  }

  private static Node cropping(Layer layer, Node input) throws UnsupportedLayerException {
    layer.requireNchw("dataFormat");
    int[] height = layer.integers("heightCrop");
    int[] width = layer.integers("widthCrop");
    return widened(widened(input, 1, -height[0], -height[1]), 2, -width[0], -width[1]);
  }

  private static Node narrow(Layer layer, Node input) throws UnsupportedLayerException {
    int axis = axis(layer, input, layer.integer("dimension"), 0);
    int start = layer.integer("offset") - 1;
    int length = layer.integer("length");
    int side = input.shape().side(axis);
    return sliced(input, axis, start, length < 0 ? side - start + length + 1 : length);
  }

  private static Node select(Layer layer, Node input) throws UnsupportedLayerException {
    int axis = axis(layer, input, layer.integer("dimension"), 0);
    int index = layer.integer("index");
    int start = index < 0 ? input.shape().side(axis) + index : index - 1;
    return without(axis, sliced(input, axis, start, 1));
  }

  private static Node sum(Layer layer, Node input) throws UnsupportedLayerException {
    int dimension = layer.integer("dimension");
    if (dimension < 0 && layer.integer("nInputDims") > 0) {
      throw layer.refused("counts dimensions from the end of an image"); // BigDL's count runs over the end
    }
    int axis = axis(layer, input, dimension, layer.integer("nInputDims"));
    Op.Reduce.Kind kind = layer.flag("sizeAverage") ? Op.Reduce.Kind.MEAN : Op.Reduce.Kind.SUM;
    Node reduced = new Node(new Op.Reduce(kind, axis), input);
    return layer.flag("squeeze") ? without(axis, reduced) : reduced;
  }

  private static Node extreme(Layer layer, Op.Reduce.Kind kind, Node input) throws UnsupportedLayerException {
    int axis = axis(layer, input, layer.integer("dim"), layer.integer("numInputDims"));
    return without(axis, new Node(new Op.Reduce(kind, axis), input));
  }

  /** The same values without an axis whose side is 1. */
  private static Node without(int axis, Node input) {
    return new Node(new Op.Reshape(input.shape().without(axis)), input);
  }
}
