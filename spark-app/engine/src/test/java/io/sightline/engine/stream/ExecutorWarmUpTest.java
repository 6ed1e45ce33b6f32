package io.sightline.engine.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.sightline.engine.stream.ExecutorWarmUp.Found;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ExecutorWarmUpTest {
  private static final Found FIRST = new Found("a", "digits@1", null);

  @Test
  void executorsThatAgreeGiveTheModel() {
    assertEquals("digits@1", ExecutorWarmUp.agreed(List.of(FIRST, new Found("b", "digits@1", null))));
  }

  @Test
  void oneThatLacksTheModelIsNamed() {
    List<Found> found = List.of(FIRST, new Found("b", null, "model digits is not installed"));

    IllegalStateException refusal = assertThrows(IllegalStateException.class, () -> ExecutorWarmUp.agreed(found));
    assertEquals("on executor host b: model digits is not installed", refusal.getMessage());
  }

  /** The same photo would get one label today and another tomorrow, by which executor takes it. */
  @Test
  void differentVersionsAreRefused() {
    List<Found> found = List.of(new Found("b", "digits@2", null), FIRST);

    IllegalStateException refusal = assertThrows(IllegalStateException.class, () -> ExecutorWarmUp.agreed(found));
    assertEquals("the executors have different versions of it: digits@1, digits@2", refusal.getMessage());
  }
}
