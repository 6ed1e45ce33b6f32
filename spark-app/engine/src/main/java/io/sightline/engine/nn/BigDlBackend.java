package io.sightline.engine.nn;

import java.nio.FloatBuffer;

/** BigDL's own plain forward: for networks with layers the compiler does not know, and the referee of the others. */
final class BigDlBackend implements Backend {
  private final NetworkSource source;
  private final BigDlModule module;

  BigDlBackend(NetworkSource source, BigDlModule module) {
    this.source = source;
    this.module = module;
  }

  @Override
  public synchronized Runner newRunner() {
    return new ModuleRunner(source, module.copy());
  }

  @Override
  public boolean compiled() {
    return false;
  }

  @Override
  public void close() {
    // Everything is on the Java heap.
  }

  private record ModuleRunner(NetworkSource source, BigDlModule module) implements Runner {

    @Override
    public void forward(FloatBuffer input, int n, float[] probabilities) {
      int[] shape = {n, source.channels(), source.height(), source.width()};
      float[] values = module.forward(input, shape);
      if (values.length != n * source.classes()) {
        throw new IllegalStateException(source.name() + ": gives " + values.length + " values for " + n
            + " images, not " + source.classes() + " each");
      }
      for (int i = 0; i < n; i++) {
        Probabilities.apply(source.output(), values, i * source.classes(), source.classes());
      }
      System.arraycopy(values, 0, probabilities, 0, values.length);
    }

    @Override
    public void close() {
      // Everything is on the Java heap.
    }
  }
}
