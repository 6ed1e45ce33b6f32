package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.Activity;
import com.intel.analytics.bigdl.dllib.utils.intermediate.ConversionUtils$;
import java.nio.FloatBuffer;

/**
 * BigDL's own fast engine, an {@code IRGraph} on MKL-DNN: the rival that shares our model files.
 *
 * <p>A graph is right only for the batch size of its first forward, and only on a thread with the OpenMP count it was
 * compiled under: one graph a runner, with {@code OMP_NUM_THREADS=1} in the environment.
 */
final class IrGraphs implements Contender {
  private final NetworkSource source;
  private final BigDlModule module;

  IrGraphs(NetworkSource source) throws NetworkException {
    System.setProperty("bigdl.engineType", "mkldnn");
    System.setProperty("bigdl.multiModels", "true");
    this.source = source;
    this.module = BigDlModule.load(source);
  }

  @Override
  public NetworkSource source() {
    return source;
  }

  @Override
  public synchronized Runner open(int batch) {
    AbstractModule<Activity, Activity, Object> graph = ConversionUtils$.MODULE$.convert(
        module.copy().module(), false, BigDlModule.FLOAT, BigDlModule.NUMERIC);
    return new GraphRunner(source, new BigDlModule(graph), batch);
  }

  @Override
  public String running() {
    return "mkldnn-f32";
  }

  private record GraphRunner(NetworkSource source, BigDlModule graph, int batch) implements Runner {

    @Override
    public void forward(FloatBuffer input, int n, float[] probabilities) {
      if (n != batch) {
        throw new IllegalArgumentException("the graph is right for batches of " + batch + " only, not of " + n);
      }
      int[] shape = {n, source.channels(), source.height(), source.width()};
      float[] values = graph.forward(input.slice(input.position(), n * source.inputLength()), shape);
      for (int i = 0; i < n; i++) {
        Probabilities.apply(source.output(), values, i * source.outputs(), source.outputs());
      }
      System.arraycopy(values, 0, probabilities, 0, values.length);
    }

    @Override
    public void close() {
      graph.module().release();
    }
  }
}
