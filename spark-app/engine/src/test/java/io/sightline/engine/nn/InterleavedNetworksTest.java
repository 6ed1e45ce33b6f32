package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Two models, answered in turn by four task threads, must never see each other's memory. */
@ExtendWith(SameWeights.class)
final class InterleavedNetworksTest {
  private static final int THREADS = 4;
  private static final int LARGEST = 9;
  private static final float TOLERANCE = 1e-5f;

  @TempDir
  private Path folder;

  /** A loaded model, images for it and what BigDL's plain forward says about them. */
  private record Known(Network network, float[] images, float[] expected) {
    static Known load(NetworkSource source) throws NetworkException {
      float[] images = TestNetworks.images(source, LARGEST, source.outputs());
      float[] expected = TestNetworks.expected(source, images, LARGEST);
      Network network = Network.load(source, NetworkOptions.defaults());
      assertTrue(network.compiled());
      return new Known(network, images, expected);
    }

    /** A new session or a used one, as it comes; up to 9 images, so that batches are split and padded. */
    void check(int n) {
      float[] wanted = Arrays.copyOf(expected, n * network.outputs());
      assertArrayEquals(wanted, TestNetworks.actual(network, images, n), TOLERANCE);
    }
  }

  @Test
  void areRightTenThousandTimes() throws Exception {
    NetworkSource lenet = TestNetworks.lenetSource(Files.createDirectories(folder.resolve("lenet")));
    NetworkSource mobile = TestNetworks.mobileSource(Files.createDirectories(folder.resolve("mobile")));
    assertEquals(10_000, rightAnswers(List.of(Known.load(lenet), Known.load(mobile)), 10_000));
  }

  @Test
  void areRightWhenOneIsLarge() throws Exception {
    NetworkSource mobile = TestNetworks.mobileSource(Files.createDirectories(folder.resolve("mobile")));
    NetworkSource resNet = TestNetworks.save(ModelFamiliesTest.resNet20(),
        Files.createDirectories(folder.resolve("resnet")), new int[] {3, 32, 32}, 10, OutputKind.LOGITS);
    assertEquals(200, rightAnswers(List.of(Known.load(mobile), Known.load(resNet)), 200));
  }

  private static int rightAnswers(List<Known> models, int questions) throws Exception {
    AtomicInteger right = new AtomicInteger();
    AtomicInteger asked = new AtomicInteger();
    ExecutorService pool = Executors.newFixedThreadPool(THREADS);
    try {
      List<Future<?>> tasks = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        Random random = new Random(thread);
        tasks.add(pool.submit(() -> {
          for (int question = asked.getAndIncrement(); question < questions; question = asked.getAndIncrement()) {
            models.get(question % models.size()).check(1 + random.nextInt(LARGEST));
            right.incrementAndGet();
          }
        }));
      }
      for (Future<?> task : tasks) {
        task.get();
      }
    } finally {
      pool.shutdownNow();
      models.forEach(model -> model.network().close());
    }
    return right.get();
  }
}
