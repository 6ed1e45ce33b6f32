package io.sightline.engine.nn;

import java.nio.FloatBuffer;
import java.util.List;

/**
 * Finds what whole numbers must stand for in a network, from real images: {@link #observe} each, {@link #quantise},
 * then {@link #compare} each. Not thread-safe.
 */
public final class Calibrator implements AutoCloseable {
  private static final List<Integer> ONE = List.of(1);

  private final NetworkSource source;
  private final Program program;
  private final SelfCheck check;
  private final Observer observer;
  private List<Float> bounds = List.of();
  private Comparison comparison;

  private Calibrator(NetworkSource source, BigDlModule module) throws UnsupportedLayerException {
    this.source = source;
    this.program = Optimiser.optimise(ModuleImporter.read(module, source));
    try (Runner referee = new BigDlBackend(source, module).newRunner()) {
      this.check = new SelfCheck(source, referee);
    }
    this.observer = new Observer(program);
  }

  /** @throws NetworkException if the network cannot be loaded or has a layer that the compiler does not know */
  public static Calibrator open(NetworkSource source) throws NetworkException {
    try {
      return new Calibrator(source, BigDlModule.load(source));
    } catch (UnsupportedLayerException e) {
      throw new NetworkException(source.name() + ": cannot run in int8: " + e.getMessage(), e);
    }
  }

  /** Notes the magnitudes of all tensors for one image of {@link NetworkSource#inputLength()} numbers. */
  public void observe(float[] image) {
    observer.observe(FloatBuffer.wrap(image));
  }

  /**
   * Chooses the ranges and compiles the network in whole numbers.
   *
   * @throws NetworkException if oneDNN refuses it, or it would fail the check at load
   */
  public void quantise() throws NetworkException {
    bounds = observer.bounds();
    Types whole = new Types(program, Quantisation.of(program, bounds));
    try {
      comparison =
          Comparison.of(compile(new Types(program, Precision.F32)), () -> compile(whole), source.outputs());
    } catch (RuntimeException e) { // what oneDNN's C++ exceptions arrive as
      throw new NetworkException(source.name() + ": cannot be compiled in int8: " + e.getMessage(), e);
    }
    double deviation = check.deviation(comparison.candidate(), 1, Precision.INT8);
    if (!(deviation <= 1)) {
      throw new NetworkException(source.name() + ": does not suit int8: its probabilities differ by " + deviation
          + " times what is allowed");
    }
  }

  /** Runs one image in single precision and in whole numbers; says whether the first label is the same. */
  public boolean compare(float[] image) {
    return comparison.compare(FloatBuffer.wrap(image));
  }

  /** What {@link #compare} saw so far, with the ranges. */
  public Calibration result() {
    return new Calibration(
        Fingerprint.of(program), comparison.images(), comparison.meanAgreement(), comparison.meanDistance(), bounds);
  }

  @Override
  public void close() {
    observer.close();
    if (comparison != null) {
      comparison.close();
    }
  }

  private Backend compile(Types types) {
    return DnnlBackend.compile(source, program, ONE, types);
  }
}
