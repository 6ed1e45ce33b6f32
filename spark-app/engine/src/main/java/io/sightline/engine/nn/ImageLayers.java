package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.nn.SpatialAveragePooling;
import com.intel.analytics.bigdl.dllib.nn.SpatialConvolution;
import com.intel.analytics.bigdl.dllib.nn.SpatialMaxPooling;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.DataFormat;
import io.sightline.engine.nn.Op.Pooling.Kind;
import java.util.List;

/** Turns BigDL's layers with a sliding window into nodes. */
final class ImageLayers {
  /** BigDL's padding for SAME. */
  private static final int SAME = -1;

  private ImageLayers() {}

  static Node read(String name, Object layer, Node input) throws UnsupportedLayerException {
    if (input.shape().rank() != 3) {
      throw new UnsupportedLayerException(name, "reads a tensor of shape " + input.shape());
    }
    if (layer instanceof SpatialConvolution<?> convolution) {
      return convolution(name, convolution, input);
    } else if (layer instanceof SpatialMaxPooling<?> pooling) {
      return maximum(name, pooling, input);
    }
    return average(name, (SpatialAveragePooling<?>) layer, input);
  }

  private static Node convolution(String name, SpatialConvolution<?> layer, Node input)
      throws UnsupportedLayerException {
    requireNchw(name, layer.format());
    Window window = new Window(
        span(name, Rounding.FLOOR, input.shape().side(1), layer.kernelH(), layer.strideH(), layer.padH()),
        span(name, Rounding.FLOOR, input.shape().side(2), layer.kernelW(), layer.strideW(), layer.padW()));
    requireBothSame(name, layer.padH(), layer.padW());
    Weights weights =
        LayerReader.weights(layer.weight(), layer.withBias() ? layer.bias() : null, layer.nOutputPlane());
    return new Node(new Op.Convolution(weights, layer.nGroup(), window, List.of()), input);
  }

  private static Node maximum(String name, SpatialMaxPooling<?> layer, Node input) throws UnsupportedLayerException {
    requireNchw(name, layer.format());
    requireBothSame(name, layer.padH(), layer.padW());
    Rounding rounding = layer.ceilMode() ? Rounding.CEIL : Rounding.FLOOR;
    Window window = new Window(
        span(name, rounding, input.shape().side(1), layer.kH(), layer.dH(), layer.padH()),
        span(name, rounding, input.shape().side(2), layer.kW(), layer.dW(), layer.padW()));
    return new Node(new Op.Pooling(Kind.MAX, window), input);
  }

  private static Node average(String name, SpatialAveragePooling<?> layer, Node input)
      throws UnsupportedLayerException {
    requireNchw(name, layer.format());
    requireBothSame(name, layer.padH(), layer.padW());
    if (!(Boolean) PrivateField.of(layer, "divide")) {
      throw new UnsupportedLayerException(name, "adds without dividing");
    }
    int height = input.shape().side(1);
    int width = input.shape().side(2);
    if (layer.globalPooling()) {
      Window whole = new Window(new Span(height, 1, 0, 0), new Span(width, 1, 0, 0));
      return new Node(new Op.Pooling(Kind.AVERAGE_WITHOUT_PADDING, whole), input);
    }
    Rounding rounding = layer.ceilMode() ? Rounding.CEIL : Rounding.FLOOR;
    Span vertical = span(name, rounding, height, layer.kH(), layer.dH(), layer.padH());
    Span horizontal = span(name, rounding, width, layer.kW(), layer.dW(), layer.padW());
    boolean countPadding = (Boolean) PrivateField.of(layer, "countIncludePad");
    if (countPadding && (passesPadding(vertical, layer.padH()) || passesPadding(horizontal, layer.padW()))) {
      throw new UnsupportedLayerException(name, "counts padding in windows that pass it");
    }
    Kind kind = countPadding ? Kind.AVERAGE_WITH_PADDING : Kind.AVERAGE_WITHOUT_PADDING;
    return new Node(new Op.Pooling(kind, new Window(vertical, horizontal)), input);
  }

  /** BigDL divides such a window by what is left of it, oneDNN by its whole size. */
  private static boolean passesPadding(Span span, int padding) {
    return padding != SAME && span.after() > padding;
  }

  private enum Rounding { FLOOR, CEIL }

  private static Span span(String name, Rounding rounding, int size, int kernel, int stride, int padding)
      throws UnsupportedLayerException {
    if (padding == SAME) {
      return Span.same(size, kernel, stride);
    }
    if (padding < 0) {
      throw new UnsupportedLayerException(name, "has padding " + padding);
    }
    return rounding == Rounding.CEIL
        ? Span.ceil(size, kernel, stride, padding)
        : Span.floor(size, kernel, stride, padding);
  }

  private static void requireBothSame(String name, int padH, int padW) throws UnsupportedLayerException {
    if ((padH == SAME) != (padW == SAME)) {
      throw new UnsupportedLayerException(name, "has padding SAME along one side only");
    }
  }

  private static void requireNchw(String name, DataFormat format) throws UnsupportedLayerException {
    if (!format.toString().equals("NCHW")) {
      throw new UnsupportedLayerException(name, "is not NCHW");
    }
  }
}
