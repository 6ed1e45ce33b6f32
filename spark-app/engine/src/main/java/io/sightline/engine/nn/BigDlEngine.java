package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.utils.Engine$;

/** Starts BigDL once per JVM, as a plain library: no SparkContext, one computing thread, MKL's BLAS. */
final class BigDlEngine {
  private static boolean started;

  private BigDlEngine() {}

  static synchronized void start() {
    if (started) {
      return;
    }
    setIfAbsent("bigdl.localMode", "true");
    setIfAbsent("bigdl.coreNumber", "1");
    setIfAbsent("bigdl.engineType", "mklblas");
    Engine$.MODULE$.init();
    started = true;
  }

  private static void setIfAbsent(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }
}
