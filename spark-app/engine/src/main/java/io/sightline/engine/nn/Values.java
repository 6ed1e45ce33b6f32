package io.sightline.engine.nn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;

import io.sightline.engine.nn.Step.Place;
import java.util.IdentityHashMap;
import java.util.Map;
import org.bytedeco.dnnl.memory;

/** Where the values of a program's nodes lie while it is compiled, brought into the type and layout asked for. */
final class Values {
  private final Types types;
  private final Quantisation quantisation;
  private final int batch;
  private final Constants constants;
  private final PlanBuilder plan;
  private final Map<Node, Place> places = new IdentityHashMap<>();

  Values(Types types, int batch, Constants constants, PlanBuilder plan) {
    this.types = types;
    this.quantisation = types.quantisation();
    this.batch = batch;
    this.constants = constants;
    this.plan = plan;
  }

  void put(Node node, Place place) {
    places.put(node, place);
  }

  /** As it was written. */
  Place get(Node node) {
    return places.get(node);
  }

  /** The only input, in real numbers of any type. */
  Place real(Node node) {
    boolean whole = quantisation.stored(node.input()).isWhole();
    return whole ? typed(node, 0) : places.get(node.input());
  }

  /** An input of a primitive that reads and writes one type: stored as its result is. */
  Place typed(Node node, int input) {
    Node read = node.inputs().get(input);
    Place place = places.get(read);
    boolean same = type(place) == types.of(node) && quantisation.stored(read).equals(quantisation.stored(node));
    return same ? place : in(read, quantisation.stored(node), Dnnl.channelsLast(types.of(node), dims(read)));
  }

  Place addend(Node node, Storage wanted) {
    return quantisation.stored(node).equals(wanted)
        ? places.get(node)
        : in(node, wanted, Dnnl.channelsLast(type(wanted), dims(node)));
  }

  /** The node's tensor in another layout and storage. */
  Place in(Node node, Storage wanted, memory.desc layout) {
    Storage stored = quantisation.stored(node);
    if (stored.equals(wanted)) {
      return plan.inLayout(places.get(node), layout);
    }
    Attributes attributes = new Attributes(constants, 1);
    attributes.scale(DNNL_ARG_SRC, stored.scale() / wanted.scale());
    return plan.copy(places.get(node), layout, attributes.build(), attributes.arguments());
  }

  /** A layer's input, in the numbers that the layer computes with. */
  memory.desc read(Node node) {
    return Dnnl.any(type(quantisation.read(node.input())), dims(node.input()));
  }

  memory.desc any(Node node) {
    return Dnnl.any(types.of(node), dims(node));
  }

  memory.data_type type(Storage storage) {
    return switch (storage.kind()) {
      case REAL -> types.weights();
      case SIGNED -> memory.data_type.s8;
      case UNSIGNED -> memory.data_type.u8;
    };
  }

  static memory.data_type type(Place place) {
    return place.desc().get_data_type().intern();
  }

  long[] dims(Node node) {
    return node.shape().batched(batch);
  }
}
