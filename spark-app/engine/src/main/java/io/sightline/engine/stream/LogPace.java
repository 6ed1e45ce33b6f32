package io.sightline.engine.stream;

import java.util.function.LongSupplier;

/** Bounds a message that each image could bring: the first is said, then at most one a second. For any thread. */
final class LogPace {
  /** Fewer hide that it still goes on; at more, a broken model's thousand images a second fill a disk. */
  private static final long APART_NS = 1_000_000_000L;

  private final LongSupplier clock;
  private boolean begun;
  private long last;
  private long leftOut;

  /**
   * @param clock nanoseconds since whenever, as {@link System#nanoTime}
   */
  LogPace(LongSupplier clock) {
    this.clock = clock;
  }

  /** How many were left out since the last that was said; -1: this one is to be left out as well. */
  synchronized long ask() {
    long now = clock.getAsLong();
    if (begun && now - last < APART_NS) {
      leftOut++;
      return -1;
    }
    begun = true;
    last = now;
    long count = leftOut;
    leftOut = 0;
    return count;
  }
}
