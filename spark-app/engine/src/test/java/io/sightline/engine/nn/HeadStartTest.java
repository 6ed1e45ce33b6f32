package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

final class HeadStartTest {
  /** Spark's executors have a handler for all threads that ends the JVM, with nothing in any result that says why. */
  @Test
  void keepsItsFailuresFromTheHandlerOfAllThreads() throws InterruptedException {
    AtomicReference<Throwable> handled = new AtomicReference<>();
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((thread, cause) -> handled.set(cause));
    try {
      Thread started = HeadStart.start(() -> {
        throw new UnsatisfiedLinkError("no such library");
      });
      started.join();
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
    assertNull(handled.get());
  }
}
