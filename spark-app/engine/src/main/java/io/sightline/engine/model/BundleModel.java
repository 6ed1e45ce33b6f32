package io.sightline.engine.model;

import io.sightline.engine.bundle.Bundle;
import io.sightline.engine.bundle.InputSpec;
import io.sightline.engine.bundle.LoadedModel;
import io.sightline.engine.image.ImageRejected;
import io.sightline.engine.image.Preprocessor;
import java.util.List;

/** A model bundle, its network and the preprocessing that its input asks for. */
final class BundleModel implements Model {
  private final LoadedModel loaded;
  private final Preprocessor preprocessor;

  BundleModel(LoadedModel loaded, long maxPixels) {
    this.loaded = loaded;
    this.preprocessor = preprocessor(loaded.bundle().input(), maxPixels);
  }

  static Preprocessor preprocessor(InputSpec input, long maxPixels) {
    return new Preprocessor(
        input.resize(), floats(input.normalisation().mean()), floats(input.normalisation().std()), maxPixels);
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
    return bundle().labels();
  }

  @Override
  public int outputLength() {
    return loaded.network().classes();
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
  public Session open() {
    io.sightline.engine.nn.Session session = loaded.network().open();
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
