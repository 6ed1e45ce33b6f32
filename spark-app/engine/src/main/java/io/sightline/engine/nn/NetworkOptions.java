package io.sightline.engine.nn;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;

/**
 * How networks are compiled and kept.
 *
 * @param batchSizes the batch sizes that may be compiled, ascending and always with 1. Of these, the network takes the
 *     ones up to where its values leave the processor's cache; other counts are split and padded
 * @param idleSessions how many closed sessions a network keeps ready. More: their activations stay in memory unused
 *     (about 12 MB each for EfficientNet-Lite0 at batch 2). Fewer than the threads at work: sessions are built again
 *     and again.
 * @param features the layer whose values are wanted, if not the network's probabilities
 * @param cache the folder where what BigDL is needed for is kept from one start to the next, if any
 */
public record NetworkOptions(
    List<Integer> batchSizes, int idleSessions, PrecisionWish precision, EngineKind engine,
    Optional<FeatureLayer> features, Optional<Path> cache) {

  private static final int MAX_BATCH_SIZE = 256;

  public NetworkOptions {
    TreeSet<Integer> sorted = new TreeSet<>(batchSizes);
    sorted.add(1);
    if (sorted.first() < 1 || sorted.last() > MAX_BATCH_SIZE) {
      throw new IllegalArgumentException("batch sizes must be from 1 to " + MAX_BATCH_SIZE + ": " + batchSizes);
    }
    if (idleSessions < 0) {
      throw new IllegalArgumentException("idle sessions must not be negative: " + idleSessions);
    }
    batchSizes = List.copyOf(sorted);
    Objects.requireNonNull(precision);
    Objects.requireNonNull(engine);
    Objects.requireNonNull(features);
    Objects.requireNonNull(cache);
  }

  /** Batch sizes up to 16, one idle session per processor, single precision on oneDNN. */
  public static NetworkOptions defaults() {
    return withBatchSizes(List.of(1, 2, 4, 8, 16));
  }

  public static NetworkOptions withBatchSizes(List<Integer> batchSizes) {
    return new NetworkOptions(batchSizes, Runtime.getRuntime().availableProcessors(), PrecisionWish.F32,
        EngineKind.ONEDNN, Optional.empty(), Optional.empty());
  }

  public NetworkOptions with(PrecisionWish wanted) {
    return new NetworkOptions(batchSizes, idleSessions, wanted, engine, features, cache);
  }

  public NetworkOptions with(EngineKind wanted) {
    return new NetworkOptions(batchSizes, idleSessions, precision, wanted, features, cache);
  }

  public NetworkOptions with(FeatureLayer wanted) {
    return new NetworkOptions(batchSizes, idleSessions, precision, engine, Optional.of(wanted), cache);
  }

  public NetworkOptions withCache(Path folder) {
    return new NetworkOptions(batchSizes, idleSessions, precision, engine, features, Optional.of(folder));
  }
}
