package io.sightline.engine.nn;

import io.sightline.engine.nn.Op.Pooling.Kind;
import java.util.List;

/** Layers that look at an image: through a sliding window, or across its channels. */
final class ImageLayers {
  /** BigDL's padding for SAME. */
  private static final int SAME = -1;

  private ImageLayers() {}

  /** The layer's result, or null for a layer of another family. */
  static Node read(Layer layer, Node input) throws UnsupportedLayerException {
    return switch (layer.kind()) {
      case "SpatialConvolution", "SpatialShareConvolution" -> convolution(layer, image(layer, "format", input));
      case "SpatialDilatedConvolution" -> dilated(layer, image(layer, input));
      case "SpatialSeparableConvolution" -> separable(layer, image(layer, "dataFormat", input));
      case "SpatialMaxPooling" -> maximum(layer, image(layer, "format", input));
      case "SpatialAveragePooling" -> average(layer, image(layer, "format", input));
      case "SpatialCrossMapLRN" -> localResponse(layer, image(layer, "format", input));
      default -> null;
    };
  }

  private static Node image(Layer layer, String format, Node input) throws UnsupportedLayerException {
    layer.requireNchw(format);
    return image(layer, input);
  }

  private static Node image(Layer layer, Node input) throws UnsupportedLayerException {
    if (input.shape().rank() != 3) {
      throw layer.refused("reads a tensor of shape " + input.shape());
    }
    return input;
  }

  private static Node convolution(Layer layer, Node input) throws UnsupportedLayerException {
    Sides kernel = new Sides(layer.integer("kernelH"), layer.integer("kernelW"));
    Sides stride = new Sides(layer.integer("strideH"), layer.integer("strideW"));
    Sides padding = new Sides(layer.integer("padH"), layer.integer("padW"));
    Window window = window(layer, Rounding.FLOOR, input, kernel, stride, padding);
    Weights weights =
        WeightedLayers.weights(layer, "weight", layer.flag("withBias"), layer.integer("nOutputPlane"));
    return new Node(new Op.Convolution(weights, layer.integer("nGroup"), window, List.of()), input);
  }

  private static Node dilated(Layer layer, Node input) throws UnsupportedLayerException {
    int padH = layer.integer("padH");
    int padW = layer.integer("padW");
    if (padH < 0 || padW < 0) {
      throw layer.refused("has padding " + Math.min(padH, padW)); // not SAME here: BigDL crops
    }
    Span vertical = Span.dilated(
        input.shape().side(1), layer.integer("kH"), layer.integer("dH"), padH, layer.integer("dilationH"));
    Span horizontal = Span.dilated(
        input.shape().side(2), layer.integer("kW"), layer.integer("dW"), padW, layer.integer("dilationW"));
    Window window = new Window(vertical, horizontal);
    Weights weights = WeightedLayers.weights(layer, "weight", true, layer.integer("nOutputPlane"));
    return new Node(new Op.Convolution(weights, 1, window, List.of()), input);
  }

  /** A convolution of each channel alone, then one of all channels at each place. */
  private static Node separable(Layer layer, Node input) throws UnsupportedLayerException {
    Sides kernel = new Sides(layer.integer("kH"), layer.integer("kW"));
    Sides stride = new Sides(layer.integer("sH"), layer.integer("sW"));
    Sides padding = new Sides(layer.integer("pH"), layer.integer("pW"));
    Window window = window(layer, Rounding.FLOOR, input, kernel, stride, padding);
    int channels = layer.integer("nInputChannel");
    int multiplier = layer.integer("depthMultiplier");
    float[] byChannel = swapped(layer.values("depthWeight"), multiplier, channels);
    Weights deep = new Weights(byChannel, new float[channels * multiplier]);
    Node each = new Node(new Op.Convolution(deep, channels, window, List.of()), input);
    Weights point =
        WeightedLayers.weights(layer, "pointWeight", layer.flag("hasBias"), layer.integer("nOutputChannel"));
    return new Node(new Op.Convolution(point, 1, Window.POINT, List.of()), each);
  }

  /** {@code values[a][b][...]} as {@code [b][a][...]}. */
  private static float[] swapped(float[] values, int first, int second) {
    int length = values.length / first / second;
    float[] swapped = new float[values.length];
    for (int a = 0; a < first; a++) {
      for (int b = 0; b < second; b++) {
        System.arraycopy(values, (a * second + b) * length, swapped, (b * first + a) * length, length);
      }
    }
    return swapped;
  }

  private static Node maximum(Layer layer, Node input) throws UnsupportedLayerException {
    return new Node(new Op.Pooling(Kind.MAX, poolingWindow(layer, input)), input);
  }

  private static Node average(Layer layer, Node input) throws UnsupportedLayerException {
    boolean padded = layer.integer("padH") != 0 || layer.integer("padW") != 0;
    if (layer.flag("globalPooling")) {
      if (padded) {
        throw layer.refused("pads an image that it averages whole");
      }
      Window whole = new Window(new Span(input.shape().side(1), 1, 0, 0), new Span(input.shape().side(2), 1, 0, 0));
      return averaged(layer, Kind.AVERAGE_WITHOUT_PADDING, whole, input);
    }
    if (!layer.flag("countIncludePad")) {
      return averaged(layer, Kind.AVERAGE_WITHOUT_PADDING, poolingWindow(layer, input), input);
    }
    Window window = poolingWindow(layer, input);
    int padH = layer.integer("padH");
    int padW = layer.integer("padW");
    if (passes(window.vertical(), padH) || passes(window.horizontal(), padW)) {
      // BigDL divides a window by what lies on the padded image, oneDNN by all of it: the padding becomes values.
      Node around = new Node(new Op.Pad(1, padH, padH), new Node(new Op.Pad(2, padW, padW), input));
      Window bare = new Window(window.vertical().unpadded(padH), window.horizontal().unpadded(padW));
      return averaged(layer, Kind.AVERAGE_WITHOUT_PADDING, bare, padded ? around : input);
    }
    return averaged(layer, Kind.AVERAGE_WITH_PADDING, window, input);
  }

  private static boolean passes(Span span, int padding) {
    return padding != SAME && span.after() > padding;
  }

  private static Node averaged(Layer layer, Kind kind, Window window, Node input) throws UnsupportedLayerException {
    if (!layer.flag("divide")) {
      throw layer.refused("adds without dividing");
    }
    return new Node(new Op.Pooling(kind, window), input);
  }

  private static Window poolingWindow(Layer layer, Node input) throws UnsupportedLayerException {
    Sides kernel = new Sides(layer.integer("kH"), layer.integer("kW"));
    Sides stride = new Sides(layer.integer("dH"), layer.integer("dW"));
    Sides padding = new Sides(layer.integer("padH"), layer.integer("padW"));
    return window(layer, layer.flag("ceilMode") ? Rounding.CEIL : Rounding.FLOOR, input, kernel, stride, padding);
  }

  private static Node localResponse(Layer layer, Node input) {
    return new Node(new Op.LocalResponse(
        layer.integer("size"), layer.number("alpha"), layer.number("beta"), layer.number("k")), input);
  }

  private enum Rounding { FLOOR, CEIL }

  private record Sides(int height, int width) {}

  private static Window window(Layer layer, Rounding rounding, Node input, Sides kernel, Sides stride, Sides padding)
      throws UnsupportedLayerException {
    if ((padding.height == SAME) != (padding.width == SAME)) {
      throw layer.refused("has padding SAME along one side only");
    }
    if (padding.height < SAME || padding.width < SAME) {
      throw layer.refused("has padding " + Math.min(padding.height, padding.width));
    }
    return new Window(span(rounding, input.shape().side(1), kernel.height, stride.height, padding.height),
        span(rounding, input.shape().side(2), kernel.width, stride.width, padding.width));
  }

  private static Span span(Rounding rounding, int size, int kernel, int stride, int padding) {
    if (padding == SAME) {
      return Span.same(size, kernel, stride);
    }
    return rounding == Rounding.CEIL
        ? Span.ceil(size, kernel, stride, padding)
        : Span.floor(size, kernel, stride, padding);
  }
}
