package io.sightline.engine.nn;

import java.nio.FloatBuffer;
import java.util.List;

/** BigDL's own plain forward: for networks with layers the compiler does not know, and the referee of the others. */
final class BigDlBackend implements Backend {
  /**
   * Images a forward. BigDL keeps every convolution's unrolled input, some 200 MB an image for EfficientNet-Lite0: more
   * images exhaust the heap, and on one thread they are not faster.
   */
  private static final int CHUNK = 2;

  private final NetworkSource source;
  private final long bytes;

  /** Null once it is closed: others may hold the network for long, and the heap is to have the weights back. */
  private BigDlModule module;

  BigDlBackend(NetworkSource source, BigDlModule module) {
    this.source = source;
    this.bytes = source.parameters().toFile().length();
    this.module = module;
  }

  /** Runs the module itself, where no other runner is at work: copying it takes as long as loading it. */
  synchronized Runner onlyRunner() {
    return new ModuleRunner(source, module, bytes);
  }

  /** BigDL keeps weights, and each runner a copy; what it computes with comes on top and goes with the heap. */
  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public synchronized Runner newRunner() {
    return new ModuleRunner(source, module.copy(), bytes);
  }

  @Override
  public List<Integer> batchSizes() {
    return List.of(CHUNK);
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
  public synchronized void close() {
    module = null;
  }

  private record ModuleRunner(NetworkSource source, BigDlModule module, long bytes) implements Runner {

    @Override
    public void forward(FloatBuffer input, int n, float[] results) {
      int length = source.inputLength();
      for (int done = 0; done < n; done += CHUNK) {
        int count = Math.min(CHUNK, n - done);
        FloatBuffer images = input.slice(input.position() + done * length, count * length);
        chunk(images, count, results, done * source.outputs());
      }
    }

    private void chunk(FloatBuffer images, int count, float[] results, int offset) {
      int[] shape = {count, source.channels(), source.height(), source.width()};
      float[] values = module.forward(images, shape);
      if (values.length != count * source.outputs()) {
        throw new IllegalStateException(source.name() + ": gives " + values.length + " values for " + count
            + " images, not " + source.outputs() + " each");
      }
      for (int i = 0; i < count && source.layer().isEmpty(); i++) {
        Probabilities.apply(source.output(), values, i * source.outputs(), source.outputs());
      }
      System.arraycopy(values, 0, results, offset, values.length);
    }

    @Override
    public void close() {
      // Everything is on the Java heap.
    }
  }
}
