package io.sightline.engine.stream;

import io.sightline.engine.bundle.BundleException;
import io.sightline.engine.bundle.BundleStore;
import io.sightline.engine.bundle.LoadedModel;
import io.sightline.engine.bundle.ModelName;
import io.sightline.engine.bundle.UnknownModelException;
import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.nn.NetworkOptions;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The bundles of one folder. One per JVM, folder, options and pixel limit, so that sessions and tables outlive a task. */
final class BundleModels implements Models {
  private static final Map<Key, BundleModels> SHARED = new ConcurrentHashMap<>();

  private final BundleStore store;
  private final long maxPixels;
  private final Map<ModelName, BundleModel> models = new ConcurrentHashMap<>();

  private BundleModels(Key key) {
    this.store = BundleStore.shared(key.folder(), key.options());
    this.maxPixels = key.maxPixels();
  }

  private record Key(Path folder, NetworkOptions options, long maxPixels) {}

  static BundleModels of(StreamOptions options) {
    Path folder = Path.of(options.modelsDir()).toAbsolutePath().normalize();
    return SHARED.computeIfAbsent(
        new Key(folder, options.networkOptions(), options.maxPixels()), BundleModels::new);
  }

  @Override
  public Model resolve(String reference) throws ModelNotUsable {
    try {
      LoadedModel loaded = store.resolve(reference);
      return models.compute(loaded.bundle().id(), (id, known) -> current(loaded, known));
    } catch (UnknownModelException unknown) {
      throw new ModelNotUsable(ErrorCode.UNKNOWN_MODEL, unknown.getMessage());
    } catch (BundleException | IllegalArgumentException broken) {
      throw new ModelNotUsable(ErrorCode.MODEL_UNAVAILABLE, broken.getMessage());
    }
  }

  private BundleModel current(LoadedModel loaded, BundleModel known) {
    return known != null && known.isOf(loaded) ? known : new BundleModel(loaded, maxPixels);
  }
}
