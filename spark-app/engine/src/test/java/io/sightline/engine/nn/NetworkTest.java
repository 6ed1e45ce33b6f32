package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(SameWeights.class)
final class NetworkTest {
  private static final float TOLERANCE = 1e-5f;
  private static final int LARGEST = 17;

  @TempDir
  private static Path folder;

  static Stream<Arguments> networks() throws Exception {
    Path lenet = Files.createDirectories(folder.resolve("lenet"));
    Path mobile = Files.createDirectories(folder.resolve("mobile"));
    return Stream.of(
        Arguments.of("LeNet", TestNetworks.lenetSource(lenet)),
        Arguments.of("mobile", TestNetworks.mobileSource(mobile)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("networks")
  void equalsPlainForwardAtEveryBatchSizeOnAnotherThread(String name, NetworkSource source) throws Exception {
    float[] images = TestNetworks.images(source, LARGEST, 1);
    float[] expected = TestNetworks.expected(source, images, LARGEST);
    try (Network network = Network.load(source, NetworkOptions.defaults())) {
      assertTrue(network.compiled());
      for (int n = 1; n <= LARGEST; n++) {
        int count = n;
        float[] actual = onThread(() -> TestNetworks.actual(network, images, count));
        float[] wanted = Arrays.copyOf(expected, n * source.outputs());
        assertArrayEquals(wanted, actual, TOLERANCE, name + ", batch size " + n);
      }
    }
  }

  static Stream<Arguments> networksAndAFallback() throws Exception {
    Path fallback = Files.createDirectories(folder.resolve("fallback"));
    return Stream.concat(networks(), Stream.of(Arguments.of("fallback", TestNetworks.unknownSource(fallback))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("networksAndAFallback")
  void answersSeveralThreadsAtOnce(String name, NetworkSource source) throws Exception {
    int threads = 4;
    CyclicBarrier start = new CyclicBarrier(threads);
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try (Network network = Network.load(source, NetworkOptions.defaults())) {
      List<Future<Void>> results = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        int seed = t;
        results.add(pool.submit(() -> compareManyTimes(network, source, seed, start)));
      }
      for (Future<Void> result : results) {
        result.get();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  private static Void compareManyTimes(Network network, NetworkSource source, int seed, CyclicBarrier start)
      throws Exception {
    int n = 5 + seed;
    float[] images = TestNetworks.images(source, n, seed);
    float[] expected = TestNetworks.expected(source, images, n);
    start.await();
    for (int round = 0; round < 50; round++) {
      assertArrayEquals(expected, TestNetworks.actual(network, images, n), TOLERANCE);
    }
    return null;
  }

  @Test
  void readsBuffersFromTheirPosition() throws Exception {
    NetworkSource source = TestNetworks.lenetSource(folder);
    float[] images = TestNetworks.images(source, 3, 2);
    float[] expected = TestNetworks.expected(source, images, 3);
    FloatBuffer direct =
        ByteBuffer.allocateDirect((images.length + 7) * Float.BYTES).order(ByteOrder.nativeOrder()).asFloatBuffer();
    direct.position(7).put(images).position(7);
    float[] actual = new float[3 * source.outputs()];
    try (Network network = Network.load(source, NetworkOptions.defaults()); Session session = network.open()) {
      session.forward(direct, 3, actual);
    }
    assertArrayEquals(expected, actual, TOLERANCE);
    assertEquals(7, direct.position());
  }

  @Test
  void keepsIdleSessionsUpToItsLimit() throws Exception {
    CountingBackend backend = new CountingBackend();
    Network network = new Network(TestNetworks.lenetSource(folder), backend, 1);
    Session first = network.open();
    Session second = network.open();
    first.close();
    first.close();
    second.close();
    assertEquals(1, backend.open, "one idle runner stays");
    network.open().close();
    assertEquals(2, backend.made, "the idle runner is used again");
    network.close();
    assertEquals(0, backend.open);
    assertTrue(backend.closed);
    assertThrows(IllegalStateException.class, network::open);
  }

  @Test
  void freesItselfWhenTheLastSessionOfAClosedNetworkCloses() throws Exception {
    CountingBackend backend = new CountingBackend();
    Network network = new Network(TestNetworks.lenetSource(folder), backend, 1);
    Session session = network.open();
    network.close();
    assertFalse(backend.closed, "a session still uses it");
    session.close();
    assertTrue(backend.closed);
    assertEquals(0, backend.open);
  }

  @Test
  void isClosedOnlyWhileNobodyHasASession() throws Exception {
    CountingBackend backend = new CountingBackend();
    Network network = new Network(TestNetworks.lenetSource(folder), backend, 1);
    Session session = network.open();
    assertFalse(network.closeIfUnused());
    session.close();
    assertTrue(network.openUnlessClosed().map(open -> {
      open.close();
      return true;
    }).orElse(false), "it was refused, not closed");
    assertTrue(network.closeIfUnused());
    assertTrue(backend.closed);
    assertTrue(network.openUnlessClosed().isEmpty());
  }

  @Test
  void saysWhatMemoryItTakes() throws Exception {
    NetworkSource source = TestNetworks.lenetSource(folder);
    try (Network network = Network.load(source, NetworkOptions.defaults())) {
      long weights = network.bytes();
      assertTrue(weights > Files.size(source.parameters()) / 2, "weights: " + weights);
      TestNetworks.actual(network, TestNetworks.images(source, 1, 1), 1);
      long one = network.bytes();
      assertTrue(one > weights, "a session of one image: " + one);
      TestNetworks.actual(network, TestNetworks.images(source, LARGEST, 1), LARGEST);
      assertTrue(network.bytes() > one, "the same session with larger batches: " + network.bytes());
    }
  }

  @Test
  void neverReusesARunnerThatFailed() throws Exception {
    NetworkSource source = TestNetworks.lenetSource(folder);
    CountingBackend backend = new CountingBackend();
    Network network = new Network(source, backend, 1);
    Session session = network.open();
    float[] image = new float[source.inputLength()];
    assertThrows(UnsupportedOperationException.class, () -> session.forward(image, 1, new float[10]));
    session.close();
    assertEquals(0, backend.open);
  }

  @Test
  void refusesArraysThatAreTooShort() throws Exception {
    NetworkSource source = TestNetworks.lenetSource(folder);
    float[] two = new float[2 * source.inputLength()];
    try (Network network = Network.load(source, NetworkOptions.defaults()); Session session = network.open()) {
      assertThrows(IllegalArgumentException.class, () -> session.forward(two, 0, new float[10]));
      assertThrows(IllegalArgumentException.class, () -> session.forward(two, 3, new float[30]));
      assertThrows(IllegalArgumentException.class, () -> session.forward(two, 2, new float[19]));
    }
  }

  private static <T> T onThread(Callable<T> work) throws Exception {
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try {
      return thread.submit(work).get();
    } finally {
      thread.shutdownNow();
    }
  }

  /** Counts its runners; they cannot compute. */
  private static final class CountingBackend implements Backend {
    private int made;
    private int open;
    private boolean closed;

    @Override
    public Runner newRunner() {
      made++;
      open++;
      return new Runner() {
        @Override
        public void forward(FloatBuffer input, int n, float[] probabilities) {
          throw new UnsupportedOperationException();
        }

        @Override
        public void close() {
          open--;
        }
      };
    }

    @Override
    public List<Integer> batchSizes() {
      return List.of(1);
    }

    @Override
    public long bytes() {
      return 0;
    }

    @Override
    public EngineKind engine() {
      return EngineKind.ONEDNN;
    }

    @Override
    public Precision precision() {
      return Precision.F32;
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
