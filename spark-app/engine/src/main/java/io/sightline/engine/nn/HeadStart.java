package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.utils.serializer.ModuleSerializer$;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Does beside the caller what the first load in a JVM would stop for: BigDL's serializer builds Scala's reflection, a
 * second or more of a processor, and oneDNN's libraries are unpacked and loaded.
 */
final class HeadStart {
  private static final AtomicBoolean BEGUN = new AtomicBoolean();
  private static final List<Runnable> WORK = List.of(() -> ModuleSerializer$.MODULE$.getLock(), Dnnl::cpu);

  private HeadStart() {}

  /** Returns at once. What fails in the background fails again, and is reported, where it is needed. */
  static void begin() {
    if (BEGUN.compareAndSet(false, true)) {
      for (Runnable work : WORK) {
        Thread thread = new Thread(work, "sightline-head-start");
        thread.setDaemon(true);
        thread.start();
      }
    }
  }
}
