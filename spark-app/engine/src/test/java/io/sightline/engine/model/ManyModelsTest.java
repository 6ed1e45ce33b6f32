package io.sightline.engine.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sightline.engine.bundle.BundleStore;
import io.sightline.engine.bundle.ModelReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three real models in a memory for two, at work in several threads: what is unloaded is in nobody's hands. */
final class ManyModelsTest {
  private static final Path SHIPPED = Path.of("../../models/digits-lenet/1");
  private static final List<String> NAMES = List.of("a", "b", "c");
  private static final int ROUNDS = 20;

  /** A PNG file of one grey pixel. */
  private static final byte[] IMAGE = Base64.getDecoder().decode(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==");

  @TempDir
  private Path models;

  private long memory = Long.MAX_VALUE;

  @AfterEach
  void allowAll() {
    BundleStore.limitMemory(Long.MAX_VALUE);
  }

  @Test
  void whatIsUnloadedComesBackWhenItIsAskedFor() throws Exception {
    for (String name : NAMES) {
      copy(name);
    }
    ModelReport before = BundleStore.report();
    long one = sizeOfOne() - before.bytes();
    memory = before.bytes() + 5 * one / 2;
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
    assertTrue(after.loads() - before.loads() > NAMES.size(), "they came back");
    assertTrue(after.loaded() - before.loaded() <= 2, "and two are left: " + after);
  }

  private long sizeOfOne() {
    try (BatchRunner runner = BatchRunner.of(options())) {
      classify(runner, "a");
    }
    return BundleStore.report().bytes();
  }

  private void classifyInTurn(int first) {
    try (BatchRunner runner = BatchRunner.of(options())) {
      for (int round = 0; round < ROUNDS; round++) {
        classify(runner, NAMES.get((first + round) % NAMES.size()));
      }
    }
  }

  private static void classify(BatchRunner runner, String name) {
    Item item = new Item(IMAGE, Ask.of(name));
    runner.run(List.of(item));
    assertNull(item.failure());
    assertEquals(name + " " + item.predictions().get(0).index(), item.predictions().get(0).label());
  }

  private ModelOptions options() {
    return new ModelOptions(models.toString(), "a", 1 << 20, 1 << 20, List.of(1), "onednn", "f32", "", memory);
  }

  /** With labels of its own, so that a mix-up shows. */
  private void copy(String name) throws IOException {
    Path folder = Files.createDirectories(models.resolve(name).resolve("1"));
    for (String file : List.of("model.bigdl", "model.bin")) {
      Files.copy(SHIPPED.resolve(file), folder.resolve(file));
    }
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode json = (ObjectNode) mapper.readTree(SHIPPED.resolve("model.json").toFile());
    json.put("name", name);
    List<String> labels = new ArrayList<>();
    json.get("labels").forEach(label -> labels.add(name + " " + label.textValue()));
    json.set("labels", mapper.valueToTree(labels));
    Files.writeString(folder.resolve("model.json"), json.toString());
  }
}
