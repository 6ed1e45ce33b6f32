package io.sightline.engine.model;

import io.sightline.engine.bundle.BundleException;
import io.sightline.engine.bundle.BundleStore;
import io.sightline.engine.bundle.LoadedModel;
import io.sightline.engine.bundle.ModelName;
import io.sightline.engine.bundle.UnknownModelException;
import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.nn.NetworkOptions;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The bundles of one folder. One per JVM, folder, options and pixel limit, so that buffers and tables outlive a task.
 */
public final class BundleModels implements Models {
  private static final Map<Key, BundleModels> SHARED = new ConcurrentHashMap<>();

  /**
   * How long a reference stands for the model it was found to be. Shorter: each look lists the model's folder, which
   * shows in profiles of small images. Longer: a new version is taken up noticeably late.
   */
  private static final long LOOK_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final BundleStore store;
  private final long maxPixels;
  private final Map<ModelName, BundleModel> models = new ConcurrentHashMap<>();

  /** Of installed models only: what senders ask for besides has no end. */
  private final Map<String, Found> found = new ConcurrentHashMap<>();

  private BundleModels(Key key) {
    this.store = BundleStore.shared(key.folder(), key.options());
    this.maxPixels = key.maxPixels();
  }

  private record Key(Path folder, NetworkOptions options, long maxPixels) {}

  private record Found(BundleModel model, long at) {}

  public static BundleModels of(ModelOptions options) {
    BundleStore.limitMemory(options.modelMemory());
    Path folder = ModelFolder.here(options.modelsDir()).toAbsolutePath().normalize();
    return SHARED.computeIfAbsent(
        new Key(folder, options.networks().here(), options.maxPixels()), BundleModels::new);
  }

  @Override
  public Model resolve(String reference) throws ModelNotUsable {
    long now = System.nanoTime();
    Found known = found.get(reference);
    if (known != null && now - known.at() < LOOK_AGAIN_NANOS && known.model().isLoaded()) {
      return known.model();
    }
    found.remove(reference);
    BundleModel model = look(reference);
    found.put(reference, new Found(model, now));
    return model;
  }

  @Override
  public Optional<Model> find(String reference) throws ModelNotUsable {
    return ask(() -> store.find(reference)).map(this::model);
  }

  private BundleModel look(String reference) throws ModelNotUsable {
    return model(ask(() -> store.resolve(reference)));
  }

  private BundleModel model(LoadedModel loaded) {
    BundleModel known = models.get(loaded.bundle().id());
    if (known != null && known.isOf(loaded)) {
      return known;
    }
    models.values().removeIf(other -> !other.isLoaded()); // versions come and go as long as the JVM lives
    found.values().removeIf(other -> !other.model().isLoaded());
    return models.compute(loaded.bundle().id(), (id, other) -> current(loaded, other));
  }

  /** A question to the store. */
  interface Question<T> {
    T answer() throws UnknownModelException, BundleException;
  }

  static <T> T ask(Question<T> question) throws ModelNotUsable {
    try {
      return question.answer();
    } catch (UnknownModelException unknown) {
      throw new ModelNotUsable(ErrorCode.UNKNOWN_MODEL, unknown.getMessage());
    } catch (BundleException | IllegalArgumentException broken) {
      throw new ModelNotUsable(ErrorCode.MODEL_UNAVAILABLE, broken.getMessage());
    }
  }

  private BundleModel current(LoadedModel loaded, BundleModel known) {
    return known != null && known.isOf(loaded) ? known : new BundleModel(store, loaded, maxPixels);
  }
}
