package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.utils.serializer.ModuleSerializer$;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does beside the caller what the first load in a JVM would stop for: BigDL's serializer builds Scala's reflection, a
 * second or more of a processor, and oneDNN's libraries are unpacked and loaded.
 */
final class HeadStart {
  private static final Logger LOG = LoggerFactory.getLogger(HeadStart.class);
  private static final AtomicBoolean COMPILER = new AtomicBoolean();
  private static final AtomicBoolean BIGDL = new AtomicBoolean();

  private HeadStart() {}

  /** Returns at once. What fails in the background fails again, and is reported, where it is needed. */
  static void begin() {
    beginCompiler();
    if (BIGDL.compareAndSet(false, true)) {
      start(() -> ModuleSerializer$.MODULE$.getLock());
    }
  }

  /** For a network that needs no BigDL. */
  static void beginCompiler() {
    if (COMPILER.compareAndSet(false, true)) {
      start(Dnnl::cpu);
    }
  }

  /** An executor of Spark ends its JVM at an exception that nobody handles. */
  static Thread start(Runnable work) {
    Thread thread = new Thread(work, "sightline-head-start");
    thread.setDaemon(true);
    thread.setUncaughtExceptionHandler(
        (failed, cause) -> LOG.debug("Failed ahead of time; it is tried again where it is needed", cause));
    thread.start();
    return thread;
  }
}
