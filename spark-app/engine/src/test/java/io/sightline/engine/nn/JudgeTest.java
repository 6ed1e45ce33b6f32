package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

final class JudgeTest {
  @Test
  void saysWhyTheRefereeCannotRunTheNetwork() {
    Judge judge = Judge.ask("a@1", () -> {
      throw new NetworkException("model.bigdl: cannot classify images");
    });
    NetworkException refused = assertThrows(NetworkException.class, judge::await);
    assertEquals("model.bigdl: cannot classify images", refused.getMessage());
  }

  /** A heap that is too small for BigDL's forward is no fault of the model: the JVM has to end. */
  @Test
  void letsErrorsThrough() {
    Judge judge = Judge.ask("a@1", () -> {
      throw new OutOfMemoryError("as in a heap too small");
    });
    assertThrows(OutOfMemoryError.class, judge::await);
  }

  /** A task that is killed while it loads a model does not stay until BigDL has answered. */
  @Test
  void doesNotHoldAnInterruptedThread() {
    CountDownLatch answered = new CountDownLatch(1);
    Judge judge = Judge.ask("a@1", () -> {
      answered.await();
      return null;
    });
    Thread.currentThread().interrupt();
    try {
      assertThrows(NetworkException.class, judge::await);
    } finally {
      assertTrue(Thread.interrupted());
      answered.countDown();
    }
  }
}
