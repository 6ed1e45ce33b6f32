package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BatchesTest {
  @ParameterizedTest
  @CsvSource({"1, 1", "2, 1", "3, 4", "4, 4", "5, 4", "8, 4", "9, 16", "16, 16", "17, 16", "100, 16"})
  void padsOnlyBatchesThatAreMoreThanHalfFull(int remaining, int batch) {
    assertEquals(batch, new Batches(List.of(1, 4, 16)).next(remaining));
  }
}
