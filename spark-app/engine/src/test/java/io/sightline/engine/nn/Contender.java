package io.sightline.engine.nn;

import io.sightline.engine.bundle.Bundle;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** One way to run a bundle's network, for {@link BenchmarkServer}. Each thread opens a runner of its own. */
interface Contender {

  /** A runner for this batch size alone. */
  Runner open(int batch);

  /** Images go in and probabilities come out in these sizes. */
  NetworkSource source();

  /** What really runs: a network that could not be compiled must not be measured as one that was. */
  String running();

  /**
   * @param kind {@code onednn} (the product's own), {@code mkldnn} (BigDL's fast one) or {@code plain} (its slow one)
   * @param precision of {@code onednn}, as settings spell it; the others compute in f32
   */
  static Contender of(String kind, Path bundle, String precision, List<Integer> batches) throws Exception {
    NetworkSource source = Bundle.read(bundle).source();
    return switch (kind) {
      case "onednn" -> new Compiled(source, Network.load(source, options(precision, batches)));
      case "mkldnn" -> new IrGraphs(source);
      case "plain" -> new Plain(source, new BigDlBackend(source, BigDlModule.load(source)));
      default -> throw new IllegalArgumentException("no such contender: " + kind);
    };
  }

  private static NetworkOptions options(String precision, List<Integer> batches) {
    Set<Integer> sizes = new TreeSet<>(batches);
    sizes.addAll(NetworkOptions.defaults().batchSizes()); // as the product has them: it divides what is slower as one
    return NetworkOptions.withBatchSizes(List.copyOf(sizes)).with(PrecisionWish.named(precision));
  }

  /** The product's engine. */
  record Compiled(NetworkSource source, Network network) implements Contender {
    @Override
    public Runner open(int batch) {
      Session session = network.open();
      return new Runner() {
        @Override
        public void forward(FloatBuffer input, int n, float[] probabilities) {
          session.forward(input, n, probabilities);
        }

        @Override
        public void close() {
          session.close();
        }
      };
    }

    @Override
    public String running() {
      return network.compiled() ? "onednn-" + network.precision().label() : "plain-f32";
    }
  }

  /** BigDL's forward on MKL's BLAS. */
  record Plain(NetworkSource source, Backend backend) implements Contender {
    @Override
    public Runner open(int batch) {
      return backend.newRunner();
    }

    @Override
    public String running() {
      return "plain-f32";
    }
  }
}
