package io.sightline.engine.nn;

import java.util.List;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;

/** One primitive of a {@link Plan} and what it works on. */
record Step(primitive primitive, List<Argument> arguments) {

  /** A value in a runner's memory and its layout. */
  record Place(Slot slot, memory.desc desc) {}

  /** What oneDNN calls {@code name} (a DNNL_ARG number). */
  sealed interface Argument {
    int name();
  }

  /** A value of this run. */
  record Variable(int name, Place place) implements Argument {}

  /** A value that all runs share. */
  record Constant(int name, memory value) implements Argument {}
}
