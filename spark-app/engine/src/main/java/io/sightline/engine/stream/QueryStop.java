package io.sightline.engine.stream;

import org.apache.spark.sql.execution.streaming.MicroBatchExecution;
import org.apache.spark.sql.execution.streaming.StreamExecution;
import org.apache.spark.sql.execution.streaming.StreamingQueryWrapper;
import org.apache.spark.sql.execution.streaming.TERMINATED$;
import org.apache.spark.sql.streaming.StreamingQuery;

/** Ends a micro-batch query between two batches, which Spark's own {@code stop()} does not: it interrupts the batch. */
public final class QueryStop {
  private QueryStop() {}

  /**
   * Lets the running batch end and begins no other; returns at once. The query counts as inactive from then on, and
   * {@code awaitTermination} returns when it has ended. Does nothing to a query of another kind.
   */
  public static void afterBatch(StreamingQuery query) {
    StreamExecution execution = ((StreamingQueryWrapper) query).streamingQuery();
    if (execution instanceof MicroBatchExecution) {
      execution.state().set(TERMINATED$.MODULE$);
    }
  }
}
