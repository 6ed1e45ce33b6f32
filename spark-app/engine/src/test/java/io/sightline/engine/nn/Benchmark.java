package io.sightline.engine.nn;

import io.sightline.engine.bundle.BundleStore;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Images per second of one thread, compiled and by BigDL's plain forward, per batch size. Run by hand:
 * {@code java -cp ... io.sightline.engine.nn.Benchmark [MODELS_FOLDER NAME]}, LeNet when no model is given.
 */
public final class Benchmark {
  private static final List<Integer> BATCH_SIZES = List.of(1, 2, 4, 8, 16);
  private static final long ROUND_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final int ROUNDS = 5;

  private Benchmark() {}

  public static void main(String[] args) throws Exception {
    if (args.length == 2) {
      var bundle = BundleStore.shared(Path.of(args[0]), NetworkOptions.defaults()).resolve(args[1]).bundle();
      var input = bundle.input();
      run(new NetworkSource(bundle.id().toString(), bundle.definition(), bundle.parameters(), input.channels(),
          input.height(), input.width(), bundle.labels().size(), bundle.output()));
    } else {
      run(TestNetworks.lenetSource(Files.createTempDirectory("lenet")));
    }
  }

  private static void run(NetworkSource source) throws NetworkException {
    long start = System.nanoTime();
    try (Network network = Network.load(source, NetworkOptions.withBatchSizes(BATCH_SIZES));
        Session session = network.open();
        Runner plain = new BigDlBackend(source, BigDlModule.load(source)).newRunner()) {
      print("%s compiled %b, loaded in %d ms", source.name(), network.compiled(),
          TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
      for (int n : BATCH_SIZES) {
        FloatBuffer images = FloatBuffer.wrap(TestNetworks.images(source, n, n));
        float[] probabilities = new float[n * source.outputs()];
        double compiled = nanosPerRun(() -> session.forward(images, n, probabilities));
        double reference = nanosPerRun(() -> plain.forward(images, n, probabilities));
        print("batch %2d: %9.1f images/s (%.1f us a batch), BigDL %8.1f images/s, ratio %.1f",
            n, n * 1e9 / compiled, compiled / 1e3, n * 1e9 / reference, reference / compiled);
      }
    }
  }

  /** The best round's mean: the machine is shared. */
  private static double nanosPerRun(Runnable run) {
    double best = Double.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      long start = System.nanoTime();
      int runs = 0;
      long elapsed;
      do {
        run.run();
        runs++;
        elapsed = System.nanoTime() - start;
      } while (elapsed < ROUND_NANOS);
      best = Math.min(best, (double) elapsed / runs);
    }
    return best;
  }

  private static void print(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }
}
