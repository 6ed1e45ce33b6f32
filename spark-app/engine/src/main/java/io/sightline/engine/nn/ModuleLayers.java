package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.nn.Concat;
import com.intel.analytics.bigdl.dllib.nn.ConcatTable;
import com.intel.analytics.bigdl.dllib.nn.Container;
import com.intel.analytics.bigdl.dllib.nn.Linear;
import com.intel.analytics.bigdl.dllib.nn.Sequential;
import com.intel.analytics.bigdl.dllib.nn.StaticGraph;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.nn.internal.KerasLayer;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The layers of a BigDL module in the order in which they run, a container after what it contains. Needs to know no
 * layer, so it serves networks that cannot be compiled, too.
 */
final class ModuleLayers {
  private final List<AbstractModule<?, ?, ?>> layers = new ArrayList<>();
  private boolean hasLinear;
  private AbstractModule<?, ?, ?> beforeLastLinear;

  private ModuleLayers() {}

  static ModuleLayers of(AbstractModule<?, ?, ?> module) {
    ModuleLayers found = new ModuleLayers();
    found.walk(module, null);
    return found;
  }

  List<AbstractModule<?, ?, ?>> all() {
    return List.copyOf(layers);
  }

  /** @throws NetworkException there is no such layer, or several of that name; the message lists close names */
  AbstractModule<?, ?, ?> find(FeatureLayer layer) throws NetworkException {
    if (layer.isNamed()) {
      return named(layer.name());
    }
    return beforeLastLinear().orElseThrow(() -> new NetworkException(hasLinear
        ? "its last linear layer does not read what one other layer gives: name a layer"
        : "it has no linear layer: name a layer"));
  }

  AbstractModule<?, ?, ?> named(String name) throws NetworkException {
    List<AbstractModule<?, ?, ?>> matches = layers.stream().filter(layer -> layer.getName().equals(name)).toList();
    if (matches.size() == 1) {
      return matches.get(0);
    }
    if (matches.isEmpty()) {
      List<String> names = layers.stream().map(AbstractModule::getName).toList();
      throw new NetworkException(CloseNames.refusal(name, names));
    }
    throw new NetworkException("there are " + matches.size() + " layers \"" + name + "\"");
  }

  /** The layer whose values the last linear layer reads, if it is a single one. */
  Optional<AbstractModule<?, ?, ?>> beforeLastLinear() {
    return Optional.ofNullable(beforeLastLinear);
  }

  /**
   * @param source the layer whose output is the input, or null: it is the image, or the output of several layers
   * @return the layer whose output is the module's output
   */
  private AbstractModule<?, ?, ?> walk(AbstractModule<?, ?, ?> module, AbstractModule<?, ?, ?> source) {
    Object untyped = module; // a container's own type parameters forbid the casts below
    AbstractModule<?, ?, ?> end = module;
    if (module.getClass() == Sequential.class) {
      end = sequential((Container<?, ?, ?>) untyped, source);
    } else if (untyped instanceof StaticGraph<?> graph) {
      end = graph(graph, source);
    } else if (untyped instanceof KerasLayer<?, ?, ?> keras && keras.labor() != null) {
      walk(keras.labor(), source);
    } else if (untyped instanceof Container<?, ?, ?> container) {
      boolean sameInput = module.getClass() == Concat.class || module.getClass() == ConcatTable.class;
      branches(container, sameInput ? source : null);
    } else if (module.getClass() == Linear.class) {
      hasLinear = true;
      beforeLastLinear = source;
    }
    if (layers.stream().noneMatch(known -> known == module)) {
      layers.add(module);
    }
    return end == null ? module : end;
  }

  private AbstractModule<?, ?, ?> sequential(Container<?, ?, ?> container, AbstractModule<?, ?, ?> source) {
    AbstractModule<?, ?, ?> current = source;
    for (int i = 0; i < container.modules().size(); i++) {
      current = walk(container.modules().apply(i), current);
    }
    return current;
  }

  private void branches(Container<?, ?, ?> container, AbstractModule<?, ?, ?> source) {
    for (int i = 0; i < container.modules().size(); i++) {
      walk(container.modules().apply(i), source);
    }
  }

  private <T> AbstractModule<?, ?, ?> graph(StaticGraph<T> graph, AbstractModule<?, ?, ?> source) {
    Map<Object, AbstractModule<?, ?, ?>> ends = new IdentityHashMap<>();
    for (var node : graph.getSortedForwardExecutions()) {
      boolean single = node.prevNodes().size() == 1;
      AbstractModule<?, ?, ?> before = single ? ends.get(node.prevNodes().apply(0)) : null;
      ends.put(node, walk(node.element(), node.prevNodes().isEmpty() ? source : before));
    }
    return graph.outputs().size() == 1 ? ends.get(graph.outputs().apply(0)) : null;
  }
}
