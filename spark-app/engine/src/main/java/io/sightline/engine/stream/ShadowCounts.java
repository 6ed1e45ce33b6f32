package io.sightline.engine.stream;

import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/** Counts how far a shadow agrees. For any number of threads. */
final class ShadowCounts {
  /** Of all tasks of this JVM. */
  static final ShadowCounts JVM = new ShadowCounts();

  private static final double NANOS = 1e9;

  private final LongAdder same = new LongAdder();
  private final LongAdder other = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final DoubleAdder difference = new DoubleAdder();
  private final DoubleAdder seconds = new DoubleAdder();

  /**
   * @param agrees whether both put the same label first
   * @param off by how much their probabilities of it differ
   */
  void compared(boolean agrees, double off) {
    (agrees ? same : other).increment();
    difference.add(off);
  }

  void failed(int images) {
    failed.add(images);
  }

  void took(long nanos) {
    seconds.add(nanos / NANOS);
  }

  ShadowReport report() {
    return new ShadowReport(same.sum(), other.sum(), failed.sum(), difference.sum(), seconds.sum());
  }
}
