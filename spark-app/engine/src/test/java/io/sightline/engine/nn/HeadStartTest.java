package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

final class HeadStartTest {
  /** Spark's executors have a handler for all threads that ends the JVM, with nothing in any result that says why. */
  @Test
  void keepsItsFailuresFromTheHandlerOfAllThreads() throws InterruptedException {
    UnsatisfiedLinkError failure = new UnsatisfiedLinkError("no such library");
    AtomicBoolean handled = new AtomicBoolean();
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((thread, cause) -> handled.compareAndSet(false, cause == failure));
    try {
      Thread started = HeadStart.start(() -> {
        throw failure;
      });
      started.join();
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
    assertFalse(handled.get());
  }
}
