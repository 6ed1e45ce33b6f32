package io.sightline.engine.nn;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.FloatPointer;

/** Weights in native memory: each brought into each layout once, however many batch sizes want it there. */
final class Constants {
  private final Natives natives;
  private final Map<float[], List<memory>> layouts = new IdentityHashMap<>();
  private long bytes;

  Constants(Natives natives) {
    this.natives = natives;
  }

  memory get(float[] values, long[] dims, memory.desc layout) {
    List<memory> known = layouts.computeIfAbsent(values, v -> new ArrayList<>());
    for (memory candidate : known) {
      if (candidate.get_desc().equals(layout)) {
        return candidate;
      }
    }
    memory reordered = natives.own(reorder(values, dims, layout));
    known.add(reordered);
    bytes += layout.get_size();
    return reordered;
  }

  /** Of all layouts. */
  long bytes() {
    return bytes;
  }

  private static memory reorder(float[] values, long[] dims, memory.desc layout) {
    memory.desc plain = Dnnl.plain(dims);
    memory source = new memory(plain, Dnnl.cpu());
    new FloatPointer(source.get_data_handle()).put(values);
    if (plain.equals(layout)) {
      return source;
    }
    memory target = new memory(layout, Dnnl.cpu());
    stream stream = new stream(Dnnl.cpu());
    new reorder(source, target).execute(stream, source, target);
    stream._wait();
    return target;
  }
}
