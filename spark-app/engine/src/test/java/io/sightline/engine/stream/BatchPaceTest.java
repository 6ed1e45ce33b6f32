package io.sightline.engine.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class BatchPaceTest {
  private final BatchPace pace = new BatchPace(256, 5000, 16, 2000);

  @Test
  void growsToTheTargetStepByStep() {
    assertEquals(OptionalLong.of(1024), pace.after(256, 100));
    assertEquals(OptionalLong.of(2048), pace.after(1024, 1000));
    assertEquals(OptionalLong.empty(), pace.after(2048, 2000));
  }

  /** 256 records from three partitions are 3 x 85. */
  @Test
  void takesABatchThatWasRoundedDownForFull() {
    assertEquals(OptionalLong.of(1020), pace.after(255, 500));
  }

  @Test
  void shrinksAtOnceWhenImagesAreSlow() {
    assertEquals(OptionalLong.of(51), pace.after(256, 10_000));
    assertEquals(OptionalLong.of(16), pace.after(51, 60_000));
  }

  @Test
  void staysWithinItsLimits() {
    assertEquals(OptionalLong.of(1024), pace.after(256, 0));
    assertEquals(OptionalLong.of(4096), pace.after(1024, 1));
    assertEquals(OptionalLong.of(5000), pace.after(4096, 1));
    assertEquals(OptionalLong.empty(), pace.after(5000, 1));
  }

  /** A batch that took all there was says nothing of what a longer one would take. */
  @Test
  void learnsNothingFromABatchThatWasNotFull() {
    assertEquals(OptionalLong.empty(), pace.after(1, 60));
    assertEquals(OptionalLong.empty(), pace.after(200, 1999));
    assertEquals(OptionalLong.empty(), pace.after(0, 60));
  }

  @Test
  void isAFixedNumberWhereTheLimitIsBelowTheLeast() {
    BatchPace fixed = new BatchPace(8, 8, 16, 2000);

    assertEquals(OptionalLong.empty(), fixed.after(8, 1));
    assertEquals(OptionalLong.empty(), fixed.after(8, 60_000));
  }
}
