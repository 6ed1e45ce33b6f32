package io.sightline.engine.model;

import io.sightline.engine.image.ImageRejected;
import java.util.List;

/** A loaded model as those who classify with it see it. Shared by all tasks of the JVM. */
public interface Model {
  String name();

  String version();

  /** How its network computes: f32, bf16 or int8. */
  String precision();

  /** What runs its network: onednn, or bigdl where the compiled one could not be used. */
  String engine();

  /** What its outputs stand for; empty where they are no probabilities but features. */
  List<String> labels();

  /** Numbers of one image's output: as many as labels where it has labels. */
  int outputLength();

  /** Numbers of one image's input. */
  int inputLength();

  /**
   * Decodes {@code image}, resizes, crops and normalises it to {@code input}, from index {@code at}.
   *
   * @throws ImageRejected the bytes are no image that can be classified
   */
  void prepare(byte[] image, float[] input, int at) throws ImageRejected;

  /**
   * A session for one thread, to be closed: until then the model stays loaded.
   *
   * @throws ModelNotUsable it is no longer there, or cannot be loaded again
   */
  Session open() throws ModelNotUsable;

  /** What runs the network; closing gives it back. */
  interface Session extends AutoCloseable {
    /** Outputs of {@code n} images, one after the other, from their inputs, one after the other. */
    void forward(float[] input, int n, float[] outputs);

    @Override
    void close();
  }
}
