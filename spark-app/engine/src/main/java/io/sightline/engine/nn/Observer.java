package io.sightline.engine.nn;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs a program in single precision and keeps book of the magnitudes in each of its tensors. */
final class Observer implements AutoCloseable {
  private final Natives natives = new Natives();
  private final Program program;
  private final Executor executor;
  private final List<FloatBuffer> values;
  private final List<Histogram> histograms = new ArrayList<>();
  private final float[] output;

  Observer(Program program) {
    this.program = program;
    Lowering lowering = new Lowering(new Types(program, Precision.F32), 1, new Constants(natives), natives);
    Lowering.Observed observed = Natives.scoped(() -> lowering.lowerObserved(program));
    this.executor = Natives.scoped(() -> new Executor(observed.plan()));
    this.values = Natives.scoped(() -> observed.values().stream().map(executor::values).toList());
    this.output = new float[program.output().shape().length()];
    values.forEach(tensor -> histograms.add(new Histogram()));
  }

  /** Runs one image from the buffer's position on. */
  void observe(FloatBuffer image) {
    executor.run(image, 1, output.length, output, 0);
    for (int i = 0; i < histograms.size(); i++) {
      histograms.get(i).add(values.get(i));
    }
  }

  /** The magnitude that becomes the largest whole number, for each node in the program's order. */
  List<Float> bounds() {
    Map<Node, Boolean> unsigned = Quantisation.unsigned(program);
    List<Float> bounds = new ArrayList<>();
    for (int i = 0; i < histograms.size(); i++) {
      boolean positive = unsigned.get(program.order().get(i));
      Storage.Kind kind = positive ? Storage.Kind.UNSIGNED : Storage.Kind.SIGNED;
      bounds.add(Clipping.bound(histograms.get(i), kind.levels()));
    }
    return bounds;
  }

  @Override
  public void close() {
    executor.close();
    natives.close();
  }
}
