package io.sightline.engine.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sightline.engine.nn.FakeNetworks;
import io.sightline.engine.nn.NetworkOptions;
import io.sightline.engine.nn.PrecisionWish;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BundleStoreTest {
  private static final Duration RETRY_AFTER = Duration.ofSeconds(5);
  private static final long MODEL_BYTES = 1000;

  @TempDir
  private Path models;

  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1); // nanoTime may wrap
  private final AtomicInteger loads = new AtomicInteger();
  private final ModelMemory memory = new ModelMemory(2 * MODEL_BYTES);
  private final ModelEvents events = new ModelEvents();

  @Test
  void loadsOnceForManyThreads() throws Exception {
    Bundles.write(models, "pets", "1");
    int threads = 8;
    CountDownLatch allAsked = new CountDownLatch(threads);
    BundleStore store = store(folder -> {
      await(allAsked);
      return read(folder);
    });
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<LoadedModel>> results = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        results.add(pool.submit(() -> {
          allAsked.countDown();
          return store.resolve("pets@1");
        }));
      }
      LoadedModel first = results.get(0).get();
      for (Future<LoadedModel> result : results) {
        assertSame(first, result.get());
      }
    } finally {
      pool.shutdownNow();
    }
    assertEquals(1, loads.get());
  }

  @ParameterizedTest
  @ValueSource(strings = {"cats", "pets@3", "../models/pets", "pets@../pets", "..", ""})
  void saysThatAModelIsUnknown(String reference) throws Exception {
    Bundles.write(models, "pets", "1");
    BundleStore store = store(this::read);
    assertThrows(UnknownModelException.class, () -> store.resolve(reference));
    assertEquals(0, loads.get());
  }

  @Test
  void triesAFailedLoadAgainOnlyAfterAWhile() throws Exception {
    Path folder = Bundles.write(models, "pets", "1");
    BundleStore store = store(this::read);
    Files.writeString(folder.resolve("model.bin"), "spoilt");
    for (int i = 0; i < 10; i++) {
      BundleException refused = assertThrows(BundleException.class, () -> store.resolve("pets"));
      assertTrue(refused.getMessage().contains("model.bin: SHA-256 is"), refused.getMessage());
    }
    assertEquals(1, loads.get());

    Bundles.write(models, "pets", "1");
    clock.addAndGet(RETRY_AFTER.toNanos() + 1);
    assertEquals("pets", store.resolve("pets").bundle().name());
    assertEquals(2, loads.get());
  }

  /** A task that was killed while it loaded a model made that model unusable for all others, for seconds. */
  @Test
  void loadsAgainWhatAnInterruptedThreadLeft() throws Exception {
    Bundles.write(models, "pets", "1");
    CountDownLatch loading = new CountDownLatch(1);
    BundleStore store = store(folder -> {
      if (loads.get() == 1) {
        loading.countDown();
        breakOffWhenInterrupted();
      }
      return read(folder);
    });
    ExecutorService pool = Executors.newFixedThreadPool(2);
    try {
      Future<LoadedModel> killed = pool.submit(() -> store.resolve("pets"));
      loading.await();
      Future<LoadedModel> other = pool.submit(() -> store.resolve("pets"));
      killed.cancel(true);
      assertEquals("pets", other.get(30, TimeUnit.SECONDS).bundle().name());
      assertEquals("pets", store.resolve("pets").bundle().name());
    } finally {
      pool.shutdownNow();
    }
    assertEquals(2, loads.get());
  }

  @Test
  void saysWhatIsNoModelName() {
    UnknownModelException refused =
        assertThrows(UnknownModelException.class, () -> store(this::read).resolve("../pets"));
    assertTrue(refused.getMessage().contains("\"../pets\" is not"), refused.getMessage());
  }

  @Test
  void reportsUnexpectedFailuresAsThisModels() throws Exception {
    Bundles.write(models, "pets", "1");
    BundleStore store = store(folder -> {
      throw new IllegalStateException("no memory left");
    });
    BundleException refused = assertThrows(BundleException.class, () -> store.resolve("pets"));
    assertTrue(refused.getMessage().contains("no memory left"), refused.getMessage());
  }

  @Test
  void isOnePerFolderAndJvm() {
    NetworkOptions options = NetworkOptions.defaults();
    assertSame(BundleStore.shared(models, options),
        BundleStore.shared(models.resolve("../" + models.getFileName()), options));
  }

  /** The options of whoever came first used to stay in force for all. */
  @Test
  void isAnotherOneForOtherOptions() {
    NetworkOptions options = NetworkOptions.defaults();
    BundleStore store = BundleStore.shared(models, options);
    assertSame(store, BundleStore.shared(models, NetworkOptions.defaults()));
    assertNotSame(store, BundleStore.shared(models, options.with(PrecisionWish.BF16)));
    assertNotSame(store, BundleStore.shared(models, NetworkOptions.withBatchSizes(List.of(2))));
  }

  private BundleStore store(BundleStore.Loader loader) {
    return new BundleStore(models, folder -> {
      loads.incrementAndGet();
      return loader.load(folder);
    }, RETRY_AFTER, clock::get, memory, events);
  }

  private LoadedModel read(Path folder) throws BundleException {
    return new LoadedModel(Bundle.read(folder), FakeNetworks.of(MODEL_BYTES));
  }

  /** As reading a file does. */
  private static void breakOffWhenInterrupted() throws BundleException {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BundleException("cannot be read", e);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
