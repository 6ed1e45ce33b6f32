package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import java.util.List;

/** Turns one BigDL layer that is no container into nodes; each family of layers has a reader of its own. */
final class LayerReader {
  /** Reads layers of a family that take one tensor and give one. */
  private interface Family {
    /** The layer's result, or null for a layer of no kind in this family. */
    Node read(Layer layer, Node input) throws UnsupportedLayerException;
  }

  private static final List<Family> FAMILIES = List.of(
      WeightedLayers::read, ImageLayers::read, PointwiseLayers::read, ShapeLayers::read, AxisLayers::read);

  private LayerReader() {}

  static List<Node> read(AbstractModule<?, ?, ?> module, List<Node> inputs) throws UnsupportedLayerException {
    Layer layer = new Layer(module);
    try {
      List<Node> outputs = TableLayers.read(layer, inputs);
      return outputs == null ? List.of(single(layer, inputs)) : outputs;
    } catch (IllegalArgumentException e) { // an op refuses the shape of its input
      throw layer.refused(e.getMessage());
    }
  }

  private static Node single(Layer layer, List<Node> inputs) throws UnsupportedLayerException {
    if (inputs.size() != 1) {
      throw layer.refused("reads " + inputs.size() + " tensors");
    }
    for (Family family : FAMILIES) {
      Node output = family.read(layer, inputs.get(0));
      if (output != null) {
        return output;
      }
    }
    throw layer.refused("is not known");
  }
}
