package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.nn.BatchNormalization;
import com.intel.analytics.bigdl.dllib.nn.Dropout;
import com.intel.analytics.bigdl.dllib.nn.HardTanh;
import com.intel.analytics.bigdl.dllib.nn.JoinTable;
import com.intel.analytics.bigdl.dllib.nn.Linear;
import com.intel.analytics.bigdl.dllib.nn.Reshape;
import com.intel.analytics.bigdl.dllib.nn.Threshold;
import com.intel.analytics.bigdl.dllib.nn.View;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.tensor.Tensor;
import java.util.List;

/** Turns one BigDL layer that is no container into nodes. Layers that look at images are {@link ImageLayers}'. */
final class LayerReader {
  private static final String BIGDL_LAYERS = "com.intel.analytics.bigdl.dllib.nn.";

  List<Node> read(AbstractModule<?, ?, ?> layer, List<Node> inputs) throws UnsupportedLayerException {
    String name = describe(layer);
    try {
      return switch (kind(layer)) {
        case "Input", "Identity" -> inputs;
        case "Dropout" -> dropout(name, (Dropout<?>) layer, inputs);
        case "CAddTable" -> List.of(sum(name, inputs));
        case "JoinTable" -> List.of(join(name, inputs, (JoinTable<?>) layer));
        default -> {
          if (inputs.size() != 1) {
            throw new UnsupportedLayerException(name, "reads " + inputs.size() + " tensors");
          }
          yield List.of(single(name, layer, inputs.get(0)));
        }
      };
    } catch (IllegalArgumentException e) {
      throw new UnsupportedLayerException(name, e.getMessage());
    }
  }

  /** The class's short name for BigDL's own layers, so that a subclass is never taken for its parent. */
  private static String kind(Object layer) {
    String type = layer.getClass().getName();
    return type.startsWith(BIGDL_LAYERS) ? type.substring(BIGDL_LAYERS.length()) : type;
  }

  private static String describe(AbstractModule<?, ?, ?> layer) {
    return kind(layer) + " '" + layer.getName() + "'";
  }

  private Node single(String name, Object layer, Node input) throws UnsupportedLayerException {
    return switch (kind(layer)) {
      case "SpatialConvolution", "SpatialShareConvolution", "SpatialMaxPooling", "SpatialAveragePooling" ->
          ImageLayers.read(name, layer, input);
      case "SpatialBatchNormalization", "BatchNormalization" ->
          new Node(affine(name, (BatchNormalization<?>) layer), input);
      case "Linear" -> new Node(dense((Linear<?>) layer, input), input);
      case "Reshape" -> new Node(reshape(name, (Reshape<?>) layer), input);
      case "View" -> new Node(view(name, (View<?>) layer, input), input);
      case "SoftMax" -> new Node(new Op.SoftMax(false), input);
      case "LogSoftMax" -> new Node(new Op.SoftMax(true), input);
      default -> new Node(new Op.Pointwise(activation(name, layer)), input);
    };
  }

  private static Activation activation(String name, Object layer) throws UnsupportedLayerException {
    return switch (kind(layer)) {
      case "ReLU" -> threshold(name, (Threshold<?>) layer);
      case "ReLU6", "HardTanh" -> {
        HardTanh<?> clip = (HardTanh<?>) layer;
        yield Activation.clip((float) clip.minValue(), (float) clip.maxValue());
      }
      case "LeakyReLU" -> Activation.relu(((Number) PrivateField.of(layer, "negval")).floatValue());
      case "Tanh" -> Activation.of(Activation.Kind.TANH);
      case "Sigmoid" -> Activation.of(Activation.Kind.SIGMOID);
      default -> throw new UnsupportedLayerException(name, "is not known");
    };
  }

  private static Activation threshold(String name, Threshold<?> layer) throws UnsupportedLayerException {
    if (layer.threshold() != 0 || layer.value() != 0) {
      throw new UnsupportedLayerException(name, "has a threshold");
    }
    return Activation.relu(0);
  }

  private static List<Node> dropout(String name, Dropout<?> layer, List<Node> inputs)
      throws UnsupportedLayerException {
    if (!layer.scale()) {
      throw new UnsupportedLayerException(name, "scales at inference");
    }
    return inputs;
  }

  private static Node sum(String name, List<Node> inputs) throws UnsupportedLayerException {
    if (inputs.isEmpty()) {
      throw new UnsupportedLayerException(name, "adds nothing");
    }
    Node total = inputs.get(0);
    for (Node input : inputs.subList(1, inputs.size())) {
      total = new Node(new Op.Sum(List.of()), total, input);
    }
    return total;
  }

  private Node join(String name, List<Node> inputs, JoinTable<?> layer) throws UnsupportedLayerException {
    return join(name, inputs, layer.dimension(), layer.nInputDims());
  }

  /** {@code dimension} counts from 1 and includes the batch, unless {@code rank} says that it is an image's alone. */
  Node join(String name, List<Node> inputs, int dimension, int rank) throws UnsupportedLayerException {
    boolean withoutBatch = rank > 0 && rank == inputs.get(0).shape().rank();
    int axis = withoutBatch ? dimension - 1 : dimension - 2;
    if (axis < 0 || axis >= inputs.get(0).shape().rank()) {
      throw new UnsupportedLayerException(name, "joins along dimension " + dimension);
    }
    return new Node(new Op.Concat(axis), inputs);
  }

  private static Op affine(String name, BatchNormalization<?> layer) throws UnsupportedLayerException {
    if (layer.channelDim() != 2) {
      throw new UnsupportedLayerException(name, "is not NCHW");
    }
    float[] mean = BigDlModule.values(layer.runningMean());
    float[] variance = BigDlModule.values(layer.runningVar());
    float[] scale = new float[mean.length];
    float[] shift = new float[mean.length];
    float[] gamma = layer.affine() ? BigDlModule.values(layer.weight()) : null;
    float[] beta = layer.affine() ? BigDlModule.values(layer.bias()) : null;
    for (int c = 0; c < mean.length; c++) {
      double factor = (gamma == null ? 1 : gamma[c]) / Math.sqrt(variance[c] + layer.eps());
      scale[c] = (float) factor;
      shift[c] = (float) ((beta == null ? 0 : beta[c]) - mean[c] * factor);
    }
    return new Op.Affine(scale, shift);
  }

  private static Op dense(Linear<?> layer, Node input) {
    if (input.shape().rank() != 1) {
      throw new IllegalArgumentException("reads a tensor of shape " + input.shape());
    }
    return new Op.Dense(weights(layer.weight(), layer.withBias() ? layer.bias() : null, layer.outputSize()), List.of());
  }

  static Weights weights(Tensor<?> kernel, Tensor<?> bias, int outputs) {
    return new Weights(BigDlModule.values(kernel), bias == null ? new float[outputs] : BigDlModule.values(bias));
  }

  private static Op reshape(String name, Reshape<?> layer) throws UnsupportedLayerException {
    boolean takesBatch = layer.batchMode().isDefined() && !(Boolean) layer.batchMode().get();
    if (takesBatch) {
      throw new UnsupportedLayerException(name, "reshapes the batch");
    }
    return new Op.Reshape(new Shape(layer.size()));
  }

  private static Op view(String name, View<?> layer, Node input) throws UnsupportedLayerException {
    int[] sides = layer.sizes().clone();
    int known = 1;
    int open = -1;
    for (int i = 0; i < sides.length; i++) {
      if (sides[i] > 0) {
        known *= sides[i];
      } else if (open < 0) {
        open = i;
      } else {
        throw new UnsupportedLayerException(name, "leaves two sides open");
      }
    }
    if (open >= 0) {
      sides[open] = input.shape().length() / known;
    }
    return new Op.Reshape(new Shape(sides));
  }
}
