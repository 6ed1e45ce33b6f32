package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.utils.RandomGenerator;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Gives the networks that a test makes the weights they had in its last run: BigDL draws them anew in each JVM. One in
 * a hundred networks of random weights hardly tells its first two labels apart, and in fewer bits they change places.
 */
final class SameWeights implements BeforeAllCallback, BeforeEachCallback {
  private static final long SEED = 11;

  /** For the arguments of a class's tests. */
  @Override
  public void beforeAll(ExtensionContext context) {
    RandomGenerator.RNG().setSeed(SEED);
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    RandomGenerator.RNG().setSeed(SEED);
  }
}
