package io.sightline.engine.nn;

import java.util.List;

/** Layers that compute each value from the value at the same place. */
final class PointwiseLayers {
  /** BigDL's thresholds jump by 1e-6 where others are continuous (its VGG has them); nobody can tell the difference. */
  private static final float UNNOTICED_JUMP = 1.1e-6f;

  private PointwiseLayers() {}

  /** The layer's result, or null for a layer of another family. */
  static Node read(Layer layer, Node input) throws UnsupportedLayerException {
    return switch (layer.kind()) {
      case "Power" -> power(layer, input);
      case "PReLU" -> slopes(layer, input);
      case "SoftSign" -> softSign(input);
      default -> {
        Activation activation = activation(layer);
        yield activation == null ? null : apply(activation, input);
      }
    };
  }

  private static Node apply(Activation activation, Node input) {
    return activation.isIdentity() ? input : new Node(new Op.Pointwise(activation), input);
  }

  private static Activation activation(Layer layer) throws UnsupportedLayerException {
    return switch (layer.kind()) {
      case "ReLU", "Threshold" -> threshold(layer);
      case "ReLU6", "HardTanh", "Clamp" -> Activation.clip(layer.number("minValue"), layer.number("maxValue"));
      case "LeakyReLU" -> Activation.relu(layer.number("negval"));
      case "RReLU" -> Activation.relu((layer.number("lower") + layer.number("upper")) / 2);
      case "ELU" -> new Activation(Activation.Kind.ELU, layer.number("alpha"), 0);
      case "SoftPlus" -> new Activation(Activation.Kind.SOFT_PLUS, layer.number("beta"), 0);
      case "LogSigmoid" -> new Activation(Activation.Kind.SOFT_PLUS, -1, 0); // -log(1 + exp(-x))
      case "HardSigmoid" -> new Activation(Activation.Kind.HARD_SIGMOID, 0.2f, 0.5f);
      case "Tanh" -> Activation.of(Activation.Kind.TANH);
      case "Sigmoid" -> Activation.of(Activation.Kind.SIGMOID);
      case "Exp" -> Activation.of(Activation.Kind.EXP);
      case "Log" -> Activation.of(Activation.Kind.LOG);
      case "Abs" -> Activation.of(Activation.Kind.ABS);
      case "Square" -> Activation.of(Activation.Kind.SQUARE);
      case "Sqrt" -> Activation.of(Activation.Kind.SQRT);
      case "Negative" -> Activation.linear(-1, 0);
      case "Mul" -> Activation.linear(layer.values("weight")[0], 0);
      case "MulConstant" -> Activation.linear(layer.number("constant"), 0);
      case "AddConstant" -> Activation.linear(1, layer.number("constant_scalar"));
      case "Dropout" -> Activation.linear(layer.flag("scale") ? 1 : 1 - layer.number("p"), 0);
      case "SpatialDropout2D" -> Activation.linear(1 - layer.number("p"), 0); // BigDL's scales at inference
      default -> null;
    };
  }

  private static Activation threshold(Layer layer) throws UnsupportedLayerException {
    float threshold = layer.number("threshold");
    float otherwise = layer.number("value");
    if (Math.abs(threshold - otherwise) > UNNOTICED_JUMP) {
      throw layer.refused("jumps from " + otherwise + " to " + threshold);
    }
    return otherwise == 0 ? Activation.relu(0) : Activation.clip(otherwise, Float.MAX_VALUE);
  }

  /** {@code (scale * x + shift) ^ power}. */
  private static Node power(Layer layer, Node input) {
    Node base = apply(Activation.linear(layer.number("scale"), layer.number("shift")), input);
    float exponent = layer.number("power");
    if (exponent == 1) {
      return base;
    }
    boolean square = exponent == 2; // defined for negative values, too
    return apply(
        square ? Activation.of(Activation.Kind.SQUARE) : new Activation(Activation.Kind.POWER, 1, exponent), base);
  }

  private static Node slopes(Layer layer, Node input) {
    float[] slopes = layer.values("weight");
    return layer.integer("nOutputPlane") == 0
        ? apply(Activation.relu(slopes[0]), input)
        : new Node(new Op.Slopes(slopes), input);
  }

  /** {@code x / (1 + |x|)}. */
  private static Node softSign(Node input) {
    Node divisor = apply(Activation.linear(1, 1), apply(Activation.of(Activation.Kind.ABS), input));
    return new Node(new Op.Merge(Op.Merge.Kind.QUOTIENT, List.of()), input, divisor);
  }
}
