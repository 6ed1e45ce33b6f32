package io.sightline.engine.bundle;

import io.sightline.engine.nn.Network;
import io.sightline.engine.nn.NetworkException;
import io.sightline.engine.nn.NetworkOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.LongSupplier;

/**
 * The models of one folder, each loaded once per JVM on its first use. Safe for any number of threads.
 *
 * <p>A model stays loaded for the life of the JVM: versions are few, and a query in flight may still use an old one.
 */
public final class BundleStore {
  /** Shorter: a broken bundle's digests are recomputed for every few records. Longer: its repair goes unnoticed. */
  private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

  private static final ConcurrentMap<Key, BundleStore> SHARED = new ConcurrentHashMap<>();

  private final Versions versions;
  private final Loader loader;
  private final long retryAfterNanos;
  private final LongSupplier nanoClock;
  private final ConcurrentMap<ModelName, Loading> loadings = new ConcurrentHashMap<>();

  private record Key(Path models, NetworkOptions options) {}

  /** Reads and compiles one bundle. */
  @FunctionalInterface
  interface Loader {
    LoadedModel load(Path directory) throws BundleException;
  }

  BundleStore(Path models, Loader loader, Duration retryAfter, LongSupplier nanoClock) {
    this.versions = new Versions(models);
    this.loader = loader;
    this.retryAfterNanos = retryAfter.toNanos();
    this.nanoClock = nanoClock;
  }

  /** This JVM's store of the models folder and the options: asked for otherwise, a model is another one. */
  public static BundleStore shared(Path models, NetworkOptions options) {
    return SHARED.computeIfAbsent(new Key(models.toAbsolutePath().normalize(), options),
        key -> new BundleStore(key.models(), bundle -> load(bundle, options), RETRY_AFTER, System::nanoTime));
  }

  /**
   * Gives the model that {@code reference} ({@code name} or {@code name@version}) stands for, loading it if need be;
   * other callers of the same model wait for that load. Without a version: the highest installed at this moment.
   *
   * @throws UnknownModelException if no such model or version is installed, or the reference is not a model name
   * @throws BundleException if it is installed but cannot be used; tried again at the first call some seconds later
   */
  public LoadedModel resolve(String reference) throws UnknownModelException, BundleException {
    ModelName id = installed(reference);
    while (true) {
      Loading loading = loadings.compute(id, this::current);
      try {
        return loading.await();
      } catch (BundleException e) {
        if (!loading.wasInterrupted() || Thread.currentThread().isInterrupted()) {
          throw e;
        }
      }
    }
  }

  private ModelName installed(String reference) throws UnknownModelException, BundleException {
    ModelName wanted = ModelName.parse(reference).orElseThrow(
        () -> new UnknownModelException("\"" + reference + "\" is not a model's NAME or NAME@VERSION"));
    if (wanted.version() == null) {
      String highest = versions.highest(wanted.name()).orElseThrow(() -> unknown(wanted));
      return wanted.at(highest);
    }
    if (!loadings.containsKey(wanted) && !versions.exists(wanted)) {
      throw unknown(wanted);
    }
    return wanted;
  }

  private Loading current(ModelName id, Loading known) {
    boolean repeat = known == null || known.wasInterrupted()
        || known.failedBefore(nanoClock.getAsLong() - retryAfterNanos);
    if (!repeat) {
      return known;
    }
    return new Loading(id, () -> loader.load(versions.folder(id)), nanoClock);
  }

  private static UnknownModelException unknown(ModelName id) {
    return new UnknownModelException("model " + id + " is not installed; `sightline-model list` shows what is");
  }

  private static LoadedModel load(Path directory, NetworkOptions options) throws BundleException {
    Network.prepare(directory.getParent().getFileName() + "@" + directory.getFileName(), options);
    Bundle bundle = Bundle.read(directory);
    try {
      Network network = Network.load(bundle.source(), options);
      return new LoadedModel(bundle, network);
    } catch (NetworkException e) {
      throw new BundleException(e.getMessage(), e);
    }
  }
}
