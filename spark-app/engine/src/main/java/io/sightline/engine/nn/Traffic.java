package io.sightline.engine.nn;

import io.sightline.engine.nn.Step.Argument;
import io.sightline.engine.nn.Step.Constant;
import io.sightline.engine.nn.Step.Variable;

/**
 * What a plan moves between memory and a thread's share of the cache: what a larger batch saves, and what it costs.
 *
 * <p>The weights come from memory once a run, so that more images share them. Values that a step reads and writes stay
 * in the cache as long as they fit there together; those of a larger batch do not. An estimate instead of a measurement
 * at load, because it gives the same answer at each start: batch sizes differ in the last digits of their results.
 */
final class Traffic {
  private Traffic() {}

  /** Bytes an image. */
  static double perImage(Plan plan, long cacheBytes) {
    long bytes = 0;
    for (Step step : plan.steps()) {
      long values = 0;
      for (Argument argument : step.arguments()) {
        if (argument instanceof Variable variable) {
          values += variable.place().slot().bytes();
        } else if (argument instanceof Constant constant) {
          bytes += constant.value().get_desc().get_size();
        }
      }
      bytes += values > cacheBytes ? values : 0;
    }
    return (double) bytes / plan.batch();
  }
}
