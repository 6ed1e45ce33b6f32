package io.sightline.engine.nn;

import java.util.Arrays;
import java.util.List;

/** Layers that are linear maps with trained parameters and no window, and the softmax behind the last of them. */
final class WeightedLayers {
  private WeightedLayers() {}

  /** The layer's result, or null for a layer of another family. */
  static Node read(Layer layer, Node input) throws UnsupportedLayerException {
    return switch (layer.kind()) {
      case "Linear" -> dense(layer, input);
      case "SpatialBatchNormalization", "BatchNormalization" -> new Node(normalisation(layer), input);
      case "CMul" -> new Node(scale(layer, input), input);
      case "CAdd" -> new Node(shift(layer, input), input);
      case "Scale" -> scaleAndShift(layer, input);
      case "SoftMax" -> new Node(new Op.SoftMax(false), input);
      case "LogSoftMax" -> softMax(layer, input, true);
      default -> null;
    };
  }

  private static Node dense(Layer layer, Node input) throws UnsupportedLayerException {
    requireFlat(layer, input);
    int outputs = layer.integer("outputSize");
    return new Node(new Op.Dense(weights(layer, "weight", layer.flag("withBias"), outputs), List.of()), input);
  }

  /** The kernel in the field of that name, and the field "bias" or zeros. */
  static Weights weights(Layer layer, String kernel, boolean withBias, int outputs) {
    return new Weights(layer.values(kernel), withBias ? layer.values("bias") : new float[outputs]);
  }

  private static Op normalisation(Layer layer) throws UnsupportedLayerException {
    if (layer.kind().startsWith("Spatial")) {
      layer.requireNchw("dataFormat");
    }
    float[] mean = layer.values("runningMean");
    float[] variance = layer.values("runningVar");
    boolean affine = layer.flag("affine");
    float[] gamma = affine ? layer.values("weight") : null;
    float[] beta = affine ? layer.values("bias") : null;
    double eps = layer.decimal("eps");
    float[] scale = new float[mean.length];
    float[] shift = new float[mean.length];
    for (int c = 0; c < mean.length; c++) {
      double factor = (affine ? gamma[c] : 1) / Math.sqrt(variance[c] + eps);
      scale[c] = (float) factor;
      shift[c] = (float) ((affine ? beta[c] : 0) - mean[c] * factor);
    }
    return new Op.Affine(scale, shift);
  }

  private static Op scale(Layer layer, Node input) throws UnsupportedLayerException {
    float[] scale = perChannel(layer, "weight", input);
    return new Op.Affine(scale, new float[scale.length]);
  }

  private static Op shift(Layer layer, Node input) throws UnsupportedLayerException {
    float[] shift = perChannel(layer, "bias", input);
    float[] ones = new float[shift.length];
    Arrays.fill(ones, 1);
    return new Op.Affine(ones, shift);
  }

  private static Node scaleAndShift(Layer layer, Node input) throws UnsupportedLayerException {
    Node scaled = new Node(scale(layer.part("cmul"), input), input);
    return new Node(shift(layer.part("cadd"), input), scaled);
  }

  /** Values that stand for all places of a channel, as BigDL's broadcasting would: sides of 1 but the channel's. */
  private static float[] perChannel(Layer layer, String field, Node input) throws UnsupportedLayerException {
    int[] sides = layer.integers("size");
    float[] values = layer.values(field);
    int rank = input.shape().rank();
    int channels = input.shape().side(0);
    int channelAxis = sides.length - rank; // a leading 1 for the batch may be given or not
    boolean fits = channelAxis >= 0 && channelAxis <= 1 && sides[channelAxis] == channels && values.length == channels;
    if (!fits) {
      throw layer.refused("has parameters of shape " + Arrays.toString(sides) + " for " + input.shape());
    }
    return values;
  }

  private static Node softMax(Layer layer, Node input, boolean log) throws UnsupportedLayerException {
    requireFlat(layer, input);
    return new Node(new Op.SoftMax(log), input);
  }

  private static void requireFlat(Layer layer, Node input) throws UnsupportedLayerException {
    if (input.shape().rank() != 1) {
      throw layer.refused("reads a tensor of shape " + input.shape());
    }
  }
}
