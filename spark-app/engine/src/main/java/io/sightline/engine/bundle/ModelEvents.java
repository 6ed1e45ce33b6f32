package io.sightline.engine.bundle;

import java.util.concurrent.atomic.AtomicLong;

/** What has happened to models since the JVM began. For any number of threads. */
final class ModelEvents {
  private final AtomicLong loads = new AtomicLong();
  private final AtomicLong unloads = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private final AtomicLong loadNanos = new AtomicLong();

  void loaded(long nanos) {
    loads.incrementAndGet();
    loadNanos.addAndGet(nanos);
  }

  void unloaded() {
    unloads.incrementAndGet();
  }

  void failed() {
    failures.incrementAndGet();
  }

  long loads() {
    return loads.get();
  }

  long unloads() {
    return unloads.get();
  }

  long failures() {
    return failures.get();
  }

  double loadSeconds() {
    return loadNanos.get() / 1e9;
  }
}
