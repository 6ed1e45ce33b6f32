package io.sightline.engine.table;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sightline.engine.model.Digits;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskContext$;
import org.apache.spark.TaskContextImpl;
import org.apache.spark.TaskKilledException;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ClassifyImageTest {
  private static final int ROUNDS = 500;

  private final TaskContextImpl task = TaskContext$.MODULE$.empty();
  private final ClassifyImage call =
      new ClassifyImage(Digits.options(Path.of("../../models"), "digits-lenet", 1L << 40));

  @AfterEach
  void endTask() {
    task.markTaskCompleted(scala.Option.empty());
    TaskContext$.MODULE$.unset();
  }

  /** Beside a Python function a task has two threads: one got the label of the other's image. */
  @Test
  void threadsOfOneTaskDoNotMixUpTheirImages() throws Exception {
    byte[] noImage = {1, 2, 3};
    String good = said(call.of(Digits.IMAGE, null, 1));
    String bad = said(call.of(noImage, null, 1));
    ExecutorService pool = Executors.newFixedThreadPool(2);
    try {
      List<Future<Void>> threads =
          pool.invokeAll(List.of(inTask(Digits.IMAGE, good, noImage, bad), inTask(noImage, bad, Digits.IMAGE, good)));
      for (Future<Void> thread : threads) {
        thread.get();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  /** What a killed task's interrupt made fail used to leave it as an image's error. */
  @Test
  void aKilledTaskGivesNoRow() {
    TaskContext$.MODULE$.setTaskContext(task);
    task.markInterrupted("the query was stopped");
    assertThrows(TaskKilledException.class, () -> call.of(Digits.IMAGE, null, 1));
  }

  /** One row's number of labels used to end the job. */
  @Test
  void lessThanOneLabelIsTheRowsError() {
    Row row = call.of(Digits.IMAGE, null, 0);
    assertNull(row.get(0));
    assertTrue(said(row).contains("must be positive: 0"), said(row));
  }

  private Callable<Void> inTask(byte[] first, String firstSaid, byte[] second, String secondSaid) {
    return () -> {
      TaskContext$.MODULE$.setTaskContext((TaskContext) task);
      for (int round = 0; round < ROUNDS; round++) {
        assertEquals(firstSaid, said(call.of(first, null, 1)));
        assertEquals(secondSaid, said(call.of(second, null, 1)));
      }
      return null;
    };
  }

  private static String said(Row row) {
    return row.get(0) + " " + row.get(row.size() - 1);
  }
}
