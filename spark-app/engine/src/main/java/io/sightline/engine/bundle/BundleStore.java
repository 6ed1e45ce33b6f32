package io.sightline.engine.bundle;

import io.sightline.engine.nn.NetworkOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of one folder, loaded when they are asked for. Safe for any number of threads.
 *
 * <p>A new version is loaded in the background while the one before it goes on; one that cannot be loaded is passed
 * over, and tried again when its files change. The models of all stores share the JVM's budget of memory: one that has
 * to go is closed once nobody has a session of it, and loaded again when it is asked for.
 */
public final class BundleStore {
  /** Shorter: a bundle that is being copied is hashed over and over. Longer: it is taken up late. */
  private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

  /** Of an unchanged bundle, whose trouble may have been the machine's: as long as this many of the above. */
  private static final int UNCHANGED = 12;

  private static final Logger LOG = LoggerFactory.getLogger(BundleStore.class);
  private static final ConcurrentMap<Key, BundleStore> SHARED = new ConcurrentHashMap<>();
  private static final ModelMemory MEMORY = new ModelMemory(ModelMemory.DEFAULT_BUDGET);
  private static final ModelEvents EVENTS = new ModelEvents();

  private final Versions versions;
  private final Loader loader;
  private final long retryAfterNanos;
  private final LongSupplier nanoClock;
  private final ModelMemory memory;
  private final ModelEvents events;
  private final ConcurrentMap<ModelName, Loading> loadings = new ConcurrentHashMap<>();

  /** By name: what those get who ask for no version. */
  private final ConcurrentMap<String, Loading> serving = new ConcurrentHashMap<>();

  /** When a version was unloaded last, on the store's clock. */
  private final ConcurrentMap<ModelName, Long> unloads = new ConcurrentHashMap<>();

  private final TroubleLog troubles = new TroubleLog();

  private record Key(Path models, NetworkOptions options) {}

  /** Reads and compiles one bundle. */
  @FunctionalInterface
  interface Loader {
    LoadedModel load(Path directory) throws BundleException;
  }

  BundleStore(
      Path models, Loader loader, Duration retryAfter, LongSupplier nanoClock, ModelMemory memory,
      ModelEvents events) {
    this.versions = new Versions(models);
    this.loader = loader;
    this.retryAfterNanos = retryAfter.toNanos();
    this.nanoClock = nanoClock;
    this.memory = memory;
    this.events = events;
  }

  /** This JVM's store of the models folder and the options: asked for otherwise, a model is another one. */
  public static BundleStore shared(Path models, NetworkOptions options) {
    return SHARED.computeIfAbsent(new Key(models.toAbsolutePath().normalize(), options),
        key -> new BundleStore(key.models(), bundle -> LoadedModel.load(bundle, options), RETRY_AFTER, System::nanoTime,
            MEMORY, EVENTS));
  }

  /** How much memory the models of all stores of this JVM may take, in bytes; what is in use may exceed it. */
  public static void limitMemory(long bytes) {
    MEMORY.budget(bytes);
  }

  /** Looks for new versions of the models in use, as a call of {@link #resolve} would; returns at once. */
  public static void refresh() {
    SHARED.values().forEach(BundleStore::lookAgain);
  }

  /** Of all stores of this JVM. */
  public static ModelReport report() {
    ModelMemory.Use use = MEMORY.use();
    int unusable = SHARED.values().stream().mapToInt(BundleStore::unusable).sum();
    return new ModelReport(EVENTS.loads(), EVENTS.unloads(), EVENTS.failures(), EVENTS.loadSeconds(), use.models(),
        use.bytes(), unusable);
  }

  /**
   * Gives the model that {@code reference} ({@code name} or {@code name@version}) stands for. Without a version: the
   * highest that can be loaded, or, while that is being loaded, the one that was given before.
   *
   * <p>Loads it if need be, in which case other callers of the same model wait for that load.
   *
   * @throws UnknownModelException if no such model or version is installed, or the reference is not a model name
   * @throws BundleException if it is installed but cannot be used
   */
  public LoadedModel resolve(String reference) throws UnknownModelException, BundleException {
    ModelName wanted = parse(reference);
    while (true) {
      Loading found = wanted.version() == null ? newest(wanted) : exact(wanted);
      LoadedModel model = loaded(found);
      if (model != null) {
        if (wanted.version() == null) {
          serving.put(wanted.name(), found); // newest() could not: it was not loaded yet
        }
        memory.touch(found);
        return model;
      }
    }
  }

  /**
   * The same without waiting: empty while the model is being loaded, which this call begins if need be. Costs no model
   * its memory that was resolved: where there is no room, empty for a minute.
   *
   * @throws UnknownModelException see {@link #resolve}
   * @throws BundleException see {@link #resolve}
   */
  public Optional<LoadedModel> find(String reference) throws UnknownModelException, BundleException {
    ModelName wanted = parse(reference);
    Loading found = wanted.version() == null ? newest(wanted) : exact(wanted);
    if (found.failure() != null) {
      throw found.failure();
    }
    if (!found.isLoaded() && !isCrowdedOut(found.id())) {
      found.beginSpare();
    }
    return Optional.ofNullable(found.loaded());
  }

  private boolean isCrowdedOut(ModelName id) {
    Long unloaded = unloads.get(id);
    return unloaded != null && nanoClock.getAsLong() - unloaded < UNCHANGED * retryAfterNanos;
  }

  /** How many versions cannot be loaded that would be in use if they could. */
  int unusable() {
    return (int) loadings.values().stream().filter(loading -> loading.failure() != null && isAwaited(loading)).count();
  }

  private boolean isAwaited(Loading failed) {
    Loading other = serving.get(failed.id().name());
    return other == null || failed.id().isHigherThan(other.id());
  }

  /** Only of models in use: what had to make room comes back when it is asked for, and not before. */
  private void lookAgain() {
    serving.forEach((name, loading) -> {
      try {
        if (loading.isLoaded()) {
          newest(loading.id());
        }
      } catch (UnknownModelException | BundleException e) {
        LOG.debug("Looked for new versions of {}", name, e); // said when it was asked for
      }
    });
  }

  /** The version's load, whatever its outcome, if one has begun; else a new one, not begun. */
  private Loading exact(ModelName id) throws UnknownModelException {
    if (versions.isGone(id)) {
      sweep(id::equals);
      throw unknown(id);
    }
    return loadings.compute(id, this::current);
  }

  /** The load of the version that is to be used: loaded, failed or not begun. */
  private Loading newest(ModelName model) throws UnknownModelException, BundleException {
    String name = model.name();
    Loading known = serving.get(name);
    Loading old = known != null && known.isLoaded() ? known : null;
    List<ModelName> installed;
    try {
      installed = versions.descending(model);
    } catch (BundleException unreadable) {
      if (old == null) {
        throw unreadable;
      }
      return old; // and nothing is swept: nobody knows what has gone
    }
    Loading best = best(installed, old);
    if (best == null) {
      serving.remove(name);
    } else if (best.isLoaded() && best != old) {
      serving.put(name, best);
    }
    Loading used = serving.get(name);
    sweep(id -> id.name().equals(name) && !installed.contains(id) && (used == null || !used.id().equals(id)));
    if (best == null) {
      throw unknown(new ModelName(name, null));
    }
    return best;
  }

  /**
   * The highest version that is loaded or may become so; {@code old} while that is being loaded, and where nothing else
   * can be. Where all have failed and there is no old one, the highest; null where none is installed.
   */
  private Loading best(List<ModelName> descending, Loading old) {
    Loading firstFailed = null;
    for (ModelName id : descending) {
      Loading loading = loadings.compute(id, this::current);
      if (loading.isLoaded() || loading.failure() == null && old == null) {
        return loading;
      }
      if (loading.failure() == null) {
        loading.begin();
        return old;
      }
      firstFailed = firstFailed == null ? loading : firstFailed;
    }
    return descending.isEmpty() || old == null ? firstFailed : old;
  }

  /** The model, loaded by this call if need be; null: something has changed, look again. */
  private static LoadedModel loaded(Loading loading) throws BundleException {
    if (loading.failure() != null) {
      throw loading.failure();
    }
    try {
      loading.await();
    } catch (BundleException e) {
      if (Thread.currentThread().isInterrupted()) {
        throw e;
      }
    }
    return loading.loaded();
  }

  private Loading current(ModelName id, Loading known) {
    if (known != null && !isToBeRepeated(known)) {
      return known;
    }
    return new Loading(id, Stamp.of(versions.folder(id)), this::attempt);
  }

  private boolean isToBeRepeated(Loading known) {
    if (known.failure() == null) {
      return known.wasInterrupted() || known.isUnloaded();
    }
    long now = nanoClock.getAsLong();
    return known.failedBefore(now - retryAfterNanos)
        && (known.failedBefore(now - UNCHANGED * retryAfterNanos)
            || !known.saw(Stamp.of(versions.folder(known.id()))));
  }

  private LoadedModel attempt(Loading loading) throws BundleException {
    ModelName id = loading.id();
    long start = nanoClock.getAsLong();
    try {
      LoadedModel model = loader.load(versions.folder(id));
      long nanos = nanoClock.getAsLong() - start;
      events.loaded(nanos);
      troubles.over(id);
      loading.succeeded(model);
      LOG.info("Loaded model {} in {} ms", id, nanos / 1_000_000);
      if (loading.isSpare()) {
        memory.addSpare(loading, () -> gone(loading));
      } else {
        memory.add(loading, () -> gone(loading));
      }
      return model;
    } catch (Throwable t) {
      loading.failed(t, nanoClock.getAsLong(), Thread.currentThread().isInterrupted());
      if (loading.failure() != null) {
        events.failed();
        Loading other = serving.get(id.name());
        troubles.say(id, loading.failure().getMessage(), other != null && other.isLoaded() ? other.id() : null);
      }
      throw t;
    }
  }

  private void gone(Loading unloaded) {
    loadings.remove(unloaded.id(), unloaded);
    unloads.put(unloaded.id(), nanoClock.getAsLong());
    events.unloaded();
  }

  /** Frees what is loaded of versions that are gone; what somebody has a session of, at a later look. */
  private void sweep(Predicate<ModelName> isGone) {
    for (Loading loading : loadings.values()) {
      if (isGone.test(loading.id())) {
        memory.release(loading);
        if (loading.failure() != null) {
          loadings.remove(loading.id(), loading);
          troubles.over(loading.id());
        }
      }
    }
  }

  private static ModelName parse(String reference) throws UnknownModelException {
    return ModelName.parse(reference).orElseThrow(
        () -> new UnknownModelException("\"" + reference + "\" is not a model's NAME or NAME@VERSION"));
  }

  private static UnknownModelException unknown(ModelName id) {
    return new UnknownModelException("model " + id + " is not installed; `sightline-model list` shows what is");
  }
}
