package io.sightline.engine.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sightline.engine.bundle.BundleStore;
import io.sightline.engine.bundle.ModelReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three real models in a memory for two, at work in several threads: what is unloaded is in nobody's hands. */
final class ManyModelsTest {
  private static final List<String> NAMES = List.of("a", "b", "c");
  private static final int ROUNDS = 20;

  @TempDir
  private Path models;

  private long memory;

  @AfterEach
  void allowAll() {
    BundleStore.limitMemory(Long.MAX_VALUE);
  }

  @Test
  void whatIsUnloadedComesBackWhenItIsAskedFor() throws Exception {
    for (String name : NAMES) {
      Digits.copy(models, name, "1");
    }
    ModelReport before = afterTheFirst();
    memory = 5 * before.bytes() / 2;
    ExecutorService pool = Executors.newFixedThreadPool(2);
    try {
      List<Future<?>> workers = new ArrayList<>();
      for (int worker = 0; worker < 2; worker++) {
        int first = worker;
        workers.add(pool.submit(() -> classifyInTurn(first)));
      }
      for (Future<?> worker : workers) {
        worker.get();
      }
    } finally {
      pool.shutdownNow();
    }
    ModelReport after = BundleStore.report();
    assertTrue(after.unloads() > before.unloads(), "three do not fit");
    assertTrue(after.loads() - before.loads() >= NAMES.size(), "they came back");
    assertTrue(after.loaded() <= 2, "and two are left: " + after);
  }

  /** With the first of them alone in memory: what other tests have left there would make room for the third. */
  private ModelReport afterTheFirst() {
    memory = 1;
    try (BatchRunner runner = BatchRunner.of(options())) {
      classify(runner, NAMES.get(0));
    }
    ModelReport report = BundleStore.report();
    assertEquals(1, report.loaded());
    return report;
  }

  private void classifyInTurn(int first) {
    try (BatchRunner runner = BatchRunner.of(options())) {
      for (int round = 0; round < ROUNDS; round++) {
        classify(runner, NAMES.get((first + round) % NAMES.size()));
      }
    }
  }

  private static void classify(BatchRunner runner, String name) {
    Item item = new Item(Digits.IMAGE, Ask.of(name));
    runner.run(List.of(item));
    assertNull(item.failure());
    assertEquals(name + "@1 " + item.predictions().get(0).index(), item.predictions().get(0).label());
  }

  private ModelOptions options() {
    return Digits.options(models, "a", memory);
  }
}
