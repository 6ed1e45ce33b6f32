package io.sightline.engine.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sightline.engine.nn.FakeNetworks;
import io.sightline.engine.nn.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What happens to those who ask for a model while its versions come, go, and are bad. */
@Timeout(120)
final class NewVersionsTest {
  private static final Duration RETRY_AFTER = Duration.ofSeconds(5);
  private static final long MODEL_BYTES = 1000;

  @TempDir
  private Path models;

  private final AtomicLong clock = new AtomicLong();
  private final CountDownLatch slow = new CountDownLatch(1);
  private final ModelMemory memory = new ModelMemory(2 * MODEL_BYTES);
  private final ModelEvents events = new ModelEvents();
  private BundleStore store;
  private volatile CountDownLatch held;

  @BeforeEach
  void makeStore() {
    store = new BundleStore(models, this::load, RETRY_AFTER, clock::get, memory, events);
  }

  @Test
  void theOldVersionGoesOnWhileTheNewOneIsLoaded() throws Exception {
    Bundles.write(models, "slow", "2");
    Bundles.write(models, "slow", "1");
    slow.countDown();
    LoadedModel old = store.resolve("slow");
    assertEquals("2", old.bundle().version());
    Bundles.write(models, "slow", "10");
    CountDownLatch never = holdLoads();
    for (int i = 0; i < 10; i++) {
      assertSame(old, store.resolve("slow"));
    }
    never.countDown();
    until("10");
    assertEquals(2, events.loads());
    assertEquals("2", store.resolve("slow@2").bundle().version());
  }

  @Test
  void aFolderWithoutModelJsonIsNoVersion() throws Exception {
    Bundles.write(models, "pets", "9");
    Files.createDirectories(models.resolve("pets/11"));
    Files.createDirectories(models.resolve("pets/notes"));
    assertEquals("9", store.resolve("pets").bundle().version());
    assertSame(store.resolve("pets"), store.resolve("pets@9"));
  }

  @Test
  void aBadVersionIsPassedOverUntilItIsMended() throws Exception {
    Bundles.write(models, "pets", "1");
    LoadedModel old = store.resolve("pets");
    Path bad = Bundles.write(models, "pets", "2");
    Files.delete(bad.resolve("model.bin"));
    awaitFailures(1);
    assertSame(old, store.resolve("pets"));
    assertEquals(1, store.unusable());

    clock.addAndGet(RETRY_AFTER.toNanos() + 1);
    assertSame(old, store.resolve("pets"));
    assertEquals(1, events.failures(), "nothing has changed, so nothing was tried");

    Bundles.write(models, "pets", "2");
    until("2", "pets");
    assertEquals(0, store.unusable());
  }

  @Test
  void anUnchangedBadVersionIsTriedAgainNowAndThen() throws Exception {
    Bundles.write(models, "pets", "1");
    store.resolve("pets");
    Files.delete(Bundles.write(models, "pets", "2").resolve("model.bin"));
    awaitFailures(1);
    clock.addAndGet(12 * RETRY_AFTER.toNanos() + 1);
    awaitFailures(2);
  }

  /** A restart beside a bad new version used to be an outage. */
  @Test
  void aStartTakesTheHighestVersionThatCanBeUsed() throws Exception {
    Bundles.write(models, "pets", "1");
    Bundles.write(models, "pets", "2");
    Files.delete(Bundles.write(models, "pets", "3").resolve("model.bigdl"));
    assertEquals("2", store.resolve("pets").bundle().version());
    assertEquals(1, store.unusable());
    BundleException refused = assertThrows(BundleException.class, () -> store.resolve("pets@3"));
    assertTrue(refused.getMessage().contains("model.bigdl"), refused.getMessage());
  }

  @Test
  void aRemovedVersionGivesWayToTheOneBelowIt() throws Exception {
    Bundles.write(models, "pets", "1");
    remove(Bundles.write(models, "pets", "2"), "pets@2");
    until("1", "pets");
    assertThrows(UnknownModelException.class, () -> store.resolve("pets@2"));
    assertEquals(1, events.unloads());
  }

  @Test
  void aRemovedVersionIsFreedOnceNobodyUsesIt() throws Exception {
    Path folder = Bundles.write(models, "pets", "1");
    LoadedModel model = store.resolve("pets@1");
    try (Session session = model.network().open()) {
      delete(folder);
      assertThrows(UnknownModelException.class, () -> store.resolve("pets@1"));
      session.forward(new float[1], 1, new float[2]);
      assertEquals(1, memory.use().models());
    }
    assertThrows(UnknownModelException.class, () -> store.resolve("pets@1"));
    assertEquals(0, memory.use().models());
  }

  @Test
  void threeModelsHaveRoomForTwo() throws Exception {
    for (String name : List.of("a", "b", "c")) {
      Bundles.write(models, name, "1");
    }
    LoadedModel first = store.resolve("a");
    store.resolve("b");
    assertSame(first, store.resolve("a"), "used after b");
    store.resolve("c");
    assertEquals(new ModelMemory.Use(2, 2 * MODEL_BYTES), memory.use());
    assertSame(first, store.resolve("a"), "b had to go");
    assertEquals(3, events.loads());
    store.resolve("b");
    assertEquals(4, events.loads());
    assertEquals(2, events.unloads());
  }

  @Test
  void whatIsInUseStaysAboveTheBudget() throws Exception {
    for (String name : List.of("a", "b", "c")) {
      Bundles.write(models, name, "1");
    }
    LoadedModel first = store.resolve("a");
    try (Session inUse = first.network().open()) {
      store.resolve("b");
      store.resolve("c");
      inUse.forward(new float[1], 1, new float[2]);
      assertSame(first, store.resolve("a"));
    }
    assertEquals(new ModelMemory.Use(2, 2 * MODEL_BYTES), memory.use());
  }

  /** Each start of a task says the budget again, and used to unload the only model with it. */
  @Test
  void aModelAboveTheBudgetStaysWhereNoOtherNeedsRoom() throws Exception {
    Bundles.write(models, "a", "1");
    Bundles.write(models, "b", "1");
    memory.budget(MODEL_BYTES / 2);
    store.resolve("a");
    LoadedModel last = store.resolve("b");
    memory.budget(MODEL_BYTES / 2);
    memory.budget(MODEL_BYTES / 4);
    assertSame(last, store.resolve("b"));
    assertEquals(1, events.unloads(), "a, when b came");
  }

  /** A folder that could not be read for a moment used to unload the versions that images ask for by number. */
  @Test
  void aFolderThatCannotBeListedUnloadsNothing() throws Exception {
    Bundles.write(models, "pets", "1");
    Bundles.write(models, "pets", "2");
    LoadedModel pinned = store.resolve("pets@1");
    LoadedModel newest = store.resolve("pets");
    Path aside = Files.move(models.resolve("pets"), models.resolve("aside"));
    Path loop = Files.createSymbolicLink(models.resolve("pets"), models.resolve("pets"));
    assertSame(newest, store.resolve("pets"));
    Files.delete(loop);
    Files.move(aside, loop);
    assertSame(pinned, store.resolve("pets@1"));
    assertEquals(0, events.unloads());
  }

  @Test
  void findingDoesNotWait() throws Exception {
    Bundles.write(models, "slow", "1");
    assertTrue(store.find("slow@1").isEmpty());
    slow.countDown();
    until(() -> store.find("slow@1").isPresent());
    assertEquals(1, events.loads());
  }

  /** A shadow used to unload the model that gives the results, whose next batch unloaded the shadow, and so on. */
  @Test
  void whatIsOnlyFoundCostsNoOtherItsPlace() throws Exception {
    for (String name : List.of("a", "b", "c")) {
      Bundles.write(models, name, "1");
    }
    LoadedModel first = store.resolve("a");
    LoadedModel second = store.resolve("b");
    until(() -> store.find("c").isPresent());
    assertSame(first, store.resolve("a"));
    assertSame(second, store.resolve("b"));
    assertEquals(1, events.unloads(), "c");
    assertTrue(store.find("c").isEmpty());
    assertEquals(3, events.loads(), "where there is no room it is not loaded over and over");
  }

  /** One that was found earlier went past the budget: the memory could not yet count it. */
  @Test
  void nothingIsFoundBeforeTheMemoryCountsIt() throws Exception {
    Bundles.write(models, "a", "1");
    synchronized (memory) {
      assertTrue(store.find("a").isEmpty());
      until(() -> isBlocked("sightline-load-a@1"));
      assertTrue(store.find("a").isEmpty());
    }
    until(() -> store.find("a").isPresent());
    assertEquals(new ModelMemory.Use(1, MODEL_BYTES), memory.use());
  }

  private static boolean isBlocked(String thread) {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(one -> one.getName().equals(thread) && one.getState() == Thread.State.BLOCKED);
  }

  private CountDownLatch holdLoads() {
    held = new CountDownLatch(1);
    return held;
  }

  private LoadedModel load(Path folder) throws BundleException {
    try {
      if (folder.getParent().endsWith("slow")) {
        slow.await();
      }
      if (held != null) {
        held.await();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return new LoadedModel(Bundle.read(folder), FakeNetworks.of(MODEL_BYTES));
  }

  /** Ends also when the test's time has: that interrupts its thread, which a spin does not notice. */
  private static void until(Callable<Boolean> holds) throws Exception {
    while (!holds.call()) {
      assertFalse(Thread.interrupted(), "it took too long");
      Thread.yield();
    }
  }

  private void until(String version) throws Exception {
    until(version, "slow");
  }

  private void until(String version, String model) throws Exception {
    until(() -> {
      clock.addAndGet(Duration.ofMillis(1).toNanos());
      return store.resolve(model).bundle().version().equals(version);
    });
  }

  private void awaitFailures(int failures) throws Exception {
    until(() -> {
      store.resolve("pets");
      return events.failures() >= failures;
    });
  }

  private void remove(Path folder, String reference) throws Exception {
    assertEquals("2", store.resolve("pets").bundle().version());
    assertEquals("2", store.resolve(reference).bundle().version());
    delete(folder);
  }

  private static void delete(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
