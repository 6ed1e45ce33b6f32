package io.sightline.engine.nn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_cpu_isa_avx512_core_bf16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_get_effective_cpu_isa;

import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.memory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** oneDNN's CPU engine, one per JVM, and its descriptors' spelling. */
final class Dnnl {
  private static final Logger LOG = LoggerFactory.getLogger(Dnnl.class);
  private static final String THREADS = "OMP_NUM_THREADS";

  private static final memory.format_tag[] PLAIN = {
    memory.format_tag.a, memory.format_tag.ab, memory.format_tag.abc, memory.format_tag.abcd, memory.format_tag.abcde
  };

  private static engine cpu;

  private Dnnl() {}

  static synchronized engine cpu() {
    if (cpu == null) {
      checkThreads(System.getenv(THREADS));
      cpu = new engine(engine.kind.cpu, 0).retainReference(); // for the life of the JVM
    }
    return cpu;
  }

  /**
   * oneDNN splits each primitive over an OpenMP team of the calling thread. The engine's parallelism is Spark's: one
   * batch of images per task thread. OpenMP reads the team's size from the environment, before Java could set it.
   */
  private static void checkThreads(String value) {
    if (!"1".equals(value)) {
      LOG.warn("{} is {} instead of 1: every classifying thread starts a team of threads of its own, and they fight "
          + "for the processors. Set it in the environment of the driver and of the executors "
          + "(spark.executorEnv.{}=1).", THREADS, value == null ? "not set" : value, THREADS);
    }
  }

  /** Whether the CPU multiplies bfloat16 itself; where it only widens or emulates it, single precision is as fast. */
  static boolean computesInBf16() {
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
  }

  /** Singles in the order of their dimensions. */
  static memory.desc plain(long... dims) {
    return plain(memory.data_type.f32, dims);
  }

  /** Values in the order of their dimensions. */
  static memory.desc plain(memory.data_type type, long... dims) {
    return new memory.desc(dims, type, PLAIN[dims.length - 1]);
  }

  /** The layout that primitives on whole numbers like best: the channels of a place side by side. */
  static memory.desc channelsLast(memory.data_type type, long... dims) {
    return dims.length == 4 ? new memory.desc(dims, type, memory.format_tag.acdb) : plain(type, dims);
  }

  /** Whatever layout the primitive likes best. */
  static memory.desc any(memory.data_type type, long... dims) {
    return new memory.desc(dims, type, memory.format_tag.any);
  }
}
