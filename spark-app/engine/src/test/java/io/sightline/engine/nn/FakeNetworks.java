package io.sightline.engine.nn;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;

/** Networks that compute nothing and say how much memory they take: for tests of whoever keeps them. */
public final class FakeNetworks {
  private static final NetworkSource SOURCE =
      new NetworkSource("fake", Path.of("fake"), Path.of("fake"), 1, 1, 1, 2, OutputKind.PROBABILITIES);

  private FakeNetworks() {}

  public static Network of(long bytes) {
    return new Network(SOURCE, new Fake(bytes), 1);
  }

  private record Fake(long bytes) implements Backend, Runner {
    @Override
    public Runner newRunner() {
      return new Fake(0);
    }

    @Override
    public List<Integer> batchSizes() {
      return List.of(1);
    }

    @Override
    public EngineKind engine() {
      return EngineKind.BIGDL;
    }

    @Override
    public Precision precision() {
      return Precision.F32;
    }

    @Override
    public void forward(FloatBuffer input, int n, float[] probabilities) {
      // Whatever is there.
    }

    @Override
    public void close() {
      // Owns nothing.
    }
  }
}
