package io.sightline.engine.model;

import io.sightline.engine.bundle.Bundle;
import io.sightline.engine.bundle.BundleStore;
import io.sightline.engine.bundle.InputSpec;
import io.sightline.engine.bundle.LoadedModel;
import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.image.ImageRejected;
import io.sightline.engine.image.Preprocessor;
import java.util.List;
import java.util.Optional;

/**
 * A model bundle, its network and the preprocessing that its input asks for. The network may be unloaded while nobody
 * has a session; who opens one then loads it again.
 */
final class BundleModel implements Model {
  private final BundleStore store;
  private final Preprocessor preprocessor;
  private volatile LoadedModel loaded;

  BundleModel(BundleStore store, LoadedModel loaded, long maxPixels) {
    this.store = store;
    this.loaded = loaded;
    this.preprocessor = preprocessor(loaded.bundle().input(), maxPixels);
  }

  static Preprocessor preprocessor(InputSpec input, long maxPixels) {
    return new Preprocessor(
        input.resize(), floats(input.normalisation().mean()), floats(input.normalisation().std()), maxPixels);
  }

  /** False once its network was unloaded, until somebody opens a session. */
  boolean isLoaded() {
    return !loaded.network().isClosed();
  }

  boolean isOf(LoadedModel other) {
    return loaded == other;
  }

  @Override
  public String name() {
    return bundle().name();
  }

  @Override
  public String version() {
    return bundle().version();
  }

  @Override
  public String precision() {
    return loaded.network().precision().label();
  }

  @Override
  public String engine() {
    return loaded.network().engine().label();
  }

  @Override
  public List<String> labels() {
    return loaded.network().givesFeatures() ? List.of() : bundle().labels();
  }

  @Override
  public int outputLength() {
    return loaded.network().outputs();
  }

  @Override
  public int inputLength() {
    return preprocessor.inputLength();
  }

  @Override
  public void prepare(byte[] image, float[] input, int at) throws ImageRejected {
    preprocessor.prepare(image, input, at);
  }

  @Override
  public Session open() throws ModelNotUsable {
    Optional<io.sightline.engine.nn.Session> session = loaded.network().openUnlessClosed();
    while (session.isEmpty()) { // what was loaded again may have had to go once more
      loaded = again();
      session = loaded.network().openUnlessClosed();
    }
    return session(session.get());
  }

  private LoadedModel again() throws ModelNotUsable {
    LoadedModel model = BundleModels.ask(() -> store.resolve(bundle().id().toString()));
    if (!model.bundle().equals(bundle())) {
      throw new ModelNotUsable(ErrorCode.MODEL_UNAVAILABLE, "model " + bundle().id() + " is no longer what it was");
    }
    return model;
  }

  private static Session session(io.sightline.engine.nn.Session session) {
    return new Session() {
      @Override
      public void forward(float[] input, int n, float[] outputs) {
        session.forward(input, n, outputs);
      }

      @Override
      public void close() {
        session.close();
      }
    };
  }

  private Bundle bundle() {
    return loaded.bundle();
  }

  private static float[] floats(List<Float> values) {
    float[] array = new float[values.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = values.get(i);
    }
    return array;
  }
}
