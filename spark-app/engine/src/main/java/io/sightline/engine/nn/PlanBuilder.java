package io.sightline.engine.nn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_FROM;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SCRATCHPAD;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_TO;

import io.sightline.engine.nn.Step.Argument;
import io.sightline.engine.nn.Step.Place;
import io.sightline.engine.nn.Step.Variable;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.global.dnnl.scratchpad_mode;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.primitive_desc_base;
import org.bytedeco.dnnl.reorder;

/** Collects steps and keeps book of how long each value is needed. */
final class PlanBuilder {
  private final Natives natives;
  private final List<Step> steps = new ArrayList<>();
  private final List<Slot> slots = new ArrayList<>();

  PlanBuilder(Natives natives) {
    this.natives = natives;
  }

  /** A new value, written by the step to come. */
  Place place(memory.desc desc) {
    Slot slot = new Slot(desc.get_size(), steps.size());
    slots.add(slot);
    return new Place(slot, natives.own(desc));
  }

  /** The same values under another name. */
  Place alias(Place place, memory.desc desc) {
    return new Place(place.slot(), natives.own(desc));
  }

  /** The value in the wanted layout: itself, or a copy. */
  Place inLayout(Place place, memory.desc wanted) {
    return place.desc().equals(wanted) ? place : copy(place, wanted, attributes(), List.of());
  }

  /** A copy of the value in the wanted layout, changed as the attributes say. */
  Place copy(Place place, memory.desc wanted, primitive_attr attributes, List<Argument> scales) {
    reorder.primitive_desc pd =
        new reorder.primitive_desc(Dnnl.cpu(), place.desc(), Dnnl.cpu(), wanted, attributes, false);
    Place copy = place(wanted);
    List<Argument> arguments = new ArrayList<>(scales);
    arguments.add(new Variable(DNNL_ARG_FROM, place));
    arguments.add(new Variable(DNNL_ARG_TO, copy));
    add(pd, new reorder(pd), arguments);
    return copy;
  }

  /** Leaves the value there until the last step is done. */
  void keep(Place place) {
    place.slot().usedBy(steps.size());
  }

  /** Adds a step that reads the arguments and writes one value. */
  Place emit(primitive_desc_base pd, primitive primitive, memory.desc result, List<? extends Argument> arguments) {
    Place place = place(result);
    List<Argument> all = new ArrayList<>(arguments);
    all.add(new Variable(DNNL_ARG_DST, place));
    add(pd, primitive, all);
    return place;
  }

  /** oneDNN's own scratchpad belongs to the thread that created the primitive; ours belongs to the runner. */
  static primitive_attr attributes() {
    primitive_attr attributes = new primitive_attr();
    attributes.set_scratchpad_mode(scratchpad_mode.user);
    return attributes;
  }

  Plan build(int batch, Place input, Place output) {
    return new Plan(batch, List.copyOf(steps), input, output, Arena.layOut(slots));
  }

  private void add(primitive_desc_base pd, primitive primitive, List<Argument> arguments) {
    List<Argument> all = new ArrayList<>(arguments);
    memory.desc scratchpad = pd.scratchpad_desc();
    if (scratchpad.get_size() > 0) {
      all.add(new Variable(DNNL_ARG_SCRATCHPAD, place(scratchpad)));
    }
    for (Argument argument : all) {
      if (argument instanceof Variable variable) {
        variable.place().slot().usedBy(steps.size());
      }
    }
    steps.add(new Step(natives.own(primitive), List.copyOf(all)));
  }
}
