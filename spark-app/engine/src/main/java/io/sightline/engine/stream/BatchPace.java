package io.sightline.engine.stream;

import java.util.OptionalLong;

/**
 * How many records the next micro-batches may take so that one lasts about as long as wished for. Records differ a
 * thousandfold in what they cost (a digit, a photo of 20 MB), so no fixed number fits: too few, and Spark's planning
 * takes longer than the images; too many, and a stop or a crash repeats minutes of work.
 */
final class BatchPace {
  /** Of one batch to the next: the first ones are slow because the JVM is cold, and say little. */
  private static final long MOST_GROWTH = 4;

  /** Spark divides the number among Kafka's partitions and rounds down, so a batch that left records has a few less. */
  private static final double FULL = 0.9;

  private final long most;
  private final long least;
  private final double targetMillis;
  private long rows;

  /**
   * @param first rows of the first batch
   * @param most rows of any batch
   * @param least rows of any batch: what the tasks need to fill a network's batch each
   */
  BatchPace(long first, long most, long least, long targetMillis) {
    this.most = most;
    this.least = Math.min(least, most);
    this.targetMillis = targetMillis;
    this.rows = first;
  }

  /** The new number of rows, or nothing: the batch gives no reason to change it. */
  OptionalLong after(long batchRows, long batchMillis) {
    boolean full = batchRows >= rows * FULL;
    boolean slow = batchMillis > targetMillis;
    if (batchRows <= 0 || !full && !slow) {
      return OptionalLong.empty();
    }
    double fitting = batchRows * targetMillis / Math.max(batchMillis, 1);
    long next = Math.max(least, Math.min(most, (long) Math.min(fitting, (double) rows * MOST_GROWTH)));
    if (next == rows) {
      return OptionalLong.empty();
    }
    rows = next;
    return OptionalLong.of(next);
  }
}
