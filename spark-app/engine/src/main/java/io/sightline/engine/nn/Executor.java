package io.sightline.engine.nn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_execute;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_wait;
import static org.bytedeco.dnnl.global.dnnl.dnnl_success;

import io.sightline.engine.nn.Step.Argument;
import io.sightline.engine.nn.Step.Constant;
import io.sightline.engine.nn.Step.Place;
import io.sightline.engine.nn.Step.Variable;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/** A plan with a block of memory to run it in. */
final class Executor implements AutoCloseable {
  private final Natives natives = new Natives();
  private final Plan plan;
  private final dnnl_stream stream;
  private final dnnl_primitive[] primitives;
  private final dnnl_exec_arg_t[] arguments;
  private final FloatBuffer input;
  private final FloatBuffer output;
  private final BytePointer block;

  /** To be called inside {@link Natives#scoped}. */
  Executor(Plan plan) {
    this.plan = plan;
    int steps = plan.steps().size();
    primitives = new dnnl_primitive[steps];
    arguments = new dnnl_exec_arg_t[steps];
    boolean done = false;
    try {
      stream = natives.own(new stream(Dnnl.cpu())).get();
      block = block(plan.bytes());
      Map<Place, memory> memories = new HashMap<>();
      for (int i = 0; i < steps; i++) {
        Step step = plan.steps().get(i);
        primitives[i] = step.primitive().get();
        arguments[i] = arguments(step, block, memories);
      }
      input = floats(memories.computeIfAbsent(plan.input(), place -> bind(place, block)));
      output = floats(memories.computeIfAbsent(plan.output(), place -> bind(place, block)));
      done = true;
    } finally {
      if (!done) { // there was no memory for the block, most likely
        natives.close();
      }
    }
  }

  /** Runs the first {@code count} images of a batch and leaves the rest black. */
  void run(FloatBuffer images, int count, int outputs, float[] results, int offset) {
    input.clear();
    input.put(images);
    while (input.hasRemaining()) {
      input.put(0f);
    }
    for (int i = 0; i < primitives.length; i++) {
      require(dnnl_primitive_execute(primitives[i], stream, (int) arguments[i].limit(), arguments[i]));
    }
    require(dnnl_stream_wait(stream));
    output.clear();
    output.get(results, offset, count * outputs);
  }

  /** What the last run left in a place of single precision; to be called inside {@link Natives#scoped}. */
  FloatBuffer values(Place place) {
    return floats(bind(place, block));
  }

  int batch() {
    return plan.batch();
  }

  @Override
  public void close() {
    natives.close();
  }

  private BytePointer block(long bytes) {
    memory.desc desc = new memory.desc(new long[] {bytes}, memory.data_type.u8, memory.format_tag.a);
    memory block = natives.own(new memory(desc, Dnnl.cpu())); // oneDNN aligns it
    return new BytePointer(block.get_data_handle());
  }

  private dnnl_exec_arg_t arguments(Step step, BytePointer block, Map<Place, memory> memories) {
    int count = step.arguments().size();
    dnnl_exec_arg_t array = natives.own(new dnnl_exec_arg_t(count));
    for (int i = 0; i < count; i++) {
      Argument argument = step.arguments().get(i);
      memory value = argument instanceof Variable variable
          ? memories.computeIfAbsent(variable.place(), place -> bind(place, block))
          : ((Constant) argument).value();
      array.position(i).arg(argument.name()).memory(value.get());
    }
    array.position(0).limit(count);
    return array;
  }

  private memory bind(Place place, BytePointer block) {
    Pointer address = new BytePointer(block).position(place.slot().offset());
    return natives.own(new memory(place.desc(), Dnnl.cpu(), address));
  }

  private static FloatBuffer floats(memory memory) {
    long floats = memory.get_desc().get_size() / Float.BYTES;
    return new FloatPointer(memory.get_data_handle()).capacity(floats).asBuffer();
  }

  private static void require(int status) {
    if (status != dnnl_success) {
      throw new IllegalStateException("oneDNN failed with status " + status);
    }
  }
}
