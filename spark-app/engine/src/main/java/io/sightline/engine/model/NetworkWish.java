package io.sightline.engine.model;

import io.sightline.engine.nn.EngineKind;
import io.sightline.engine.nn.FeatureLayer;
import io.sightline.engine.nn.NetworkOptions;
import io.sightline.engine.nn.PrecisionWish;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;

/**
 * How networks are to run, as it travels to the tasks; each machine makes of it what it can.
 *
 * @param batchSizes the sizes that networks are compiled for
 * @param engine what computes networks, as {@link EngineKind} names it
 * @param precision what networks are compiled in, as {@link PrecisionWish} names it
 * @param cacheDir folder where what BigDL is needed for is kept for the next start; made if need be. Empty: nowhere
 * @param features the layer whose values are wanted, or null: labels are
 */
public record NetworkWish(
    List<Integer> batchSizes, String engine, String precision, String cacheDir, FeatureLayer features)
    implements Serializable {

  /** For labels. */
  public static NetworkWish of(List<Integer> batchSizes, String engine, String precision, String cacheDir) {
    return new NetworkWish(batchSizes, engine, precision, cacheDir, null);
  }

  NetworkWish upTo(FeatureLayer layer) {
    return new NetworkWish(batchSizes, engine, precision, cacheDir, layer);
  }

  /**
   * On this machine.
   *
   * @throws IllegalArgumentException an engine or a precision of that name is not known
   */
  NetworkOptions here() {
    NetworkOptions options = NetworkOptions.withBatchSizes(batchSizes)
        .with(EngineKind.named(engine))
        .with(PrecisionWish.named(precision));
    NetworkOptions ended = features == null ? options : options.with(features);
    return cacheDir.isEmpty() ? ended : ended.withCache(Path.of(cacheDir));
  }
}
