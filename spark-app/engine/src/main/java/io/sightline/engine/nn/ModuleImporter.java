package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.nn.Concat;
import com.intel.analytics.bigdl.dllib.nn.ConcatTable;
import com.intel.analytics.bigdl.dllib.nn.Container;
import com.intel.analytics.bigdl.dllib.nn.ParallelTable;
import com.intel.analytics.bigdl.dllib.nn.Sequential;
import com.intel.analytics.bigdl.dllib.nn.StaticGraph;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.Activity;
import com.intel.analytics.bigdl.dllib.nn.internal.KerasLayer;
import com.intel.analytics.bigdl.dllib.utils.Edge;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;
import scala.collection.Seq;

/**
 * Turns a BigDL module into a {@link Program}: containers are unfolded here, layers are read by {@link LayerReader}.
 *
 * <p>BigDL's activities are lists of nodes: one for a tensor, several for a table.
 */
final class ModuleImporter {
  private static final Logger LOG = LoggerFactory.getLogger(ModuleImporter.class);

  private final Map<AbstractModule<?, ?, ?>, List<Node>> given = new IdentityHashMap<>();

  private ModuleImporter() {}

  /** The program that gives probabilities of {@code source.outputs()} for an image. */
  static Program read(BigDlModule module, NetworkSource source) throws UnsupportedLayerException {
    List<Node> outputs = new ModuleImporter().apply(module.module(), List.of(image(source)));
    Node output = outputs.get(0);
    if (outputs.size() != 1 || output.shape().length() != source.outputs()) {
      throw new UnsupportedLayerException(module.module().getName(), "gives " + outputs.size()
          + " tensors, the first of " + output.shape().length() + " values, where " + source.outputs()
          + " classes were expected");
    }
    return new Program(probabilities(output, source.output()));
  }

  /** The program that gives the values of the module's end, as one row of numbers for an image. */
  static Program features(BigDlModule module, NetworkSource source) throws UnsupportedLayerException {
    ModuleImporter importer = new ModuleImporter();
    try {
      importer.apply(module.module(), List.of(image(source)));
    } catch (UnsupportedLayerException e) {
      if (!importer.given.containsKey(module.end())) {
        throw e;
      } // else it is a layer behind the end
    }
    if (!importer.given.containsKey(module.end())) {
      throw new UnsupportedLayerException(module.end().getName(), "is part of a layer that is compiled as a whole");
    }
    return new Program(flat(single(module.end(), importer.given.get(module.end()))));
  }

  /** What each layer gives, as far as the layers are known: the shapes of one image's tensors. */
  static Map<AbstractModule<?, ?, ?>, List<Shape>> shapes(BigDlModule module, NetworkSource source) {
    ModuleImporter importer = new ModuleImporter();
    try {
      importer.apply(module.module(), List.of(image(source)));
    } catch (UnsupportedLayerException e) {
      LOG.info("{}: {}; what is behind it has no known shape", source.name(), e.getMessage());
    }
    Map<AbstractModule<?, ?, ?>, List<Shape>> shapes = new IdentityHashMap<>();
    importer.given.forEach((layer, nodes) -> shapes.put(layer, nodes.stream().map(Node::shape).toList()));
    return shapes;
  }

  private static Node image(NetworkSource source) {
    return new Node(new Op.Input(new Shape(source.channels(), source.height(), source.width())), List.of());
  }

  private static Node flat(Node node) {
    return node.shape().rank() == 1 ? node : new Node(new Op.Reshape(new Shape(node.shape().length())), node);
  }

  private static Node probabilities(Node output, OutputKind kind) {
    Node flat = flat(output);
    return switch (kind) {
      case PROBABILITIES -> flat;
      case LOG_PROBABILITIES -> new Node(new Op.Pointwise(Activation.of(Activation.Kind.EXP)), flat);
      case LOGITS -> new Node(new Op.SoftMax(false), flat);
    };
  }

  private List<Node> apply(AbstractModule<?, ?, ?> module, List<Node> inputs) throws UnsupportedLayerException {
    List<Node> outputs = unfold(module, inputs);
    given.put(module, outputs);
    return outputs;
  }

  private List<Node> unfold(AbstractModule<?, ?, ?> module, List<Node> inputs) throws UnsupportedLayerException {
    Object untyped = module; // a container's own type parameters forbid the casts below
    if (module.getClass() == Sequential.class) {
      return sequential((Container<?, ?, ?>) untyped, inputs);
    } else if (module.getClass() == StaticGraph.class) {
      return graph((StaticGraph<?>) untyped, inputs);
    } else if (module.getClass() == ConcatTable.class) {
      return branches((Container<?, ?, ?>) untyped, inputs);
    } else if (module.getClass() == Concat.class) {
      Concat<?> concat = (Concat<?>) untyped;
      return List.of(TableLayers.join(new Layer(concat), branches(concat, inputs), concat.dimension(), -1));
    } else if (module.getClass() == ParallelTable.class) {
      return parallel((Container<?, ?, ?>) untyped, inputs);
    } else if (untyped instanceof KerasLayer<?, ?, ?> keras && leavesWorkToLabor(keras)) {
      return apply(keras.labor(), inputs);
    }
    return LayerReader.read(module, inputs);
  }

  /** Keras-style layers are built around a layer that does the work; some do more themselves. */
  private static boolean leavesWorkToLabor(KerasLayer<?, ?, ?> layer) {
    try {
      return layer.getClass().getMethod("updateOutput", Activity.class).getDeclaringClass() == KerasLayer.class;
    } catch (NoSuchMethodException e) {
      throw new LinkageError("this is not the BigDL the engine was built for", e);
    }
  }

  private List<Node> sequential(Container<?, ?, ?> container, List<Node> inputs) throws UnsupportedLayerException {
    List<Node> current = inputs;
    for (AbstractModule<?, ?, ?> child : children(container)) {
      current = apply(child, current);
    }
    return current;
  }

  private List<Node> branches(Container<?, ?, ?> container, List<Node> inputs) throws UnsupportedLayerException {
    List<Node> outputs = new ArrayList<>();
    for (AbstractModule<?, ?, ?> child : children(container)) {
      outputs.add(single(child, apply(child, inputs)));
    }
    return outputs;
  }

  private List<Node> parallel(Container<?, ?, ?> container, List<Node> inputs) throws UnsupportedLayerException {
    List<AbstractModule<?, ?, ?>> children = children(container);
    if (children.size() != inputs.size()) {
      throw new UnsupportedLayerException(container.getName(), "has " + children.size() + " branches for "
          + inputs.size() + " inputs");
    }
    List<Node> outputs = new ArrayList<>();
    for (int i = 0; i < children.size(); i++) {
      outputs.add(single(children.get(i), apply(children.get(i), List.of(inputs.get(i)))));
    }
    return outputs;
  }

  private static Node single(AbstractModule<?, ?, ?> module, List<Node> outputs) throws UnsupportedLayerException {
    if (outputs.size() != 1) {
      throw new UnsupportedLayerException(module.getName(), "gives a table inside a table");
    }
    return outputs.get(0);
  }

  private static List<AbstractModule<?, ?, ?>> children(Container<?, ?, ?> container) {
    List<AbstractModule<?, ?, ?>> children = new ArrayList<>();
    for (int i = 0; i < container.modules().size(); i++) {
      children.add(container.modules().apply(i));
    }
    return children;
  }

  private <T> List<Node> graph(StaticGraph<T> graph, List<Node> inputs) throws UnsupportedLayerException {
    Map<Object, List<Node>> results = new IdentityHashMap<>();
    if (graph.inputs().size() != inputs.size()) {
      throw new UnsupportedLayerException(graph.getName(), "has " + graph.inputs().size() + " inputs");
    }
    for (int i = 0; i < inputs.size(); i++) {
      var start = graph.inputs().apply(i);
      results.put(start, apply(start.element(), List.of(inputs.get(i))));
    }
    for (var node : graph.getSortedForwardExecutions()) {
      if (!results.containsKey(node)) {
        results.put(node, apply(node.element(), arguments(node, results)));
      }
    }
    List<Node> outputs = new ArrayList<>();
    for (int i = 0; i < graph.outputs().size(); i++) {
      var end = graph.outputs().apply(i);
      outputs.add(single(end.element(), results.get(end)));
    }
    return outputs;
  }

  private static <T> List<Node> arguments(
      com.intel.analytics.bigdl.dllib.utils.Node<AbstractModule<Activity, Activity, T>> node,
      Map<Object, List<Node>> results) throws UnsupportedLayerException {
    Seq<Tuple2<com.intel.analytics.bigdl.dllib.utils.Node<AbstractModule<Activity, Activity, T>>, Edge>> previous =
        node.prevNodesAndEdges();
    List<Node> arguments = new ArrayList<>();
    for (int i = 0; i < previous.size(); i++) {
      List<Node> result = results.get(previous.apply(i)._1());
      Edge edge = previous.apply(i)._2();
      if (result == null) {
        throw new UnsupportedLayerException(node.element().getName(), "reads a node outside its graph");
      }
      if (edge.fromIndex().isDefined()) {
        arguments.add(result.get((Integer) edge.fromIndex().get() - 1));
      } else {
        arguments.addAll(result);
      }
    }
    return arguments;
  }
}
