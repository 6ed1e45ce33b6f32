package io.sightline.engine.stream;

import java.lang.reflect.Field;
import java.util.UUID;
import org.apache.spark.sql.connector.read.streaming.ReadLimit;
import org.apache.spark.sql.connector.read.streaming.SparkDataStream;
import org.apache.spark.sql.execution.streaming.MicroBatchExecution;
import org.apache.spark.sql.execution.streaming.StreamExecution;
import org.apache.spark.sql.execution.streaming.StreamingQueryWrapper;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryListener;
import scala.Tuple2;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/**
 * Fits a micro-batch query's steps to its work: a batch under backlog takes about as long as wished for, and a query
 * without work looks at Kafka less often. Spark reads both numbers once, at the query's start, so they are changed in
 * the running query.
 */
public final class QueryPacing extends StreamingQueryListener {
  private static final long serialVersionUID = 1L;

  private final UUID run;
  private final transient MicroBatchExecution execution;
  private final transient BatchPace pace;
  private final long busyDelay;
  private final long idleDelay;

  private QueryPacing(MicroBatchExecution execution, BatchPace pace, long idleDelay) {
    this.run = execution.runId();
    this.execution = execution;
    this.pace = pace;
    this.busyDelay = execution.pollingDelayMs();
    this.idleDelay = Math.max(busyDelay, idleDelay);
  }

  /**
   * Paces {@code query} until it ends.
   *
   * @param firstRows rows of its first batch, {@code mostRows} of any, {@code leastRows} under the slowest model
   * @param targetMillis how long a batch under backlog is to take
   * @param idleDelay ms between two looks at Kafka once the query has reported to be idle
   * @throws IllegalArgumentException it is no micro-batch query
   */
  public static void attach(
      StreamingQuery query, long firstRows, long mostRows, long leastRows, long targetMillis, long idleDelay) {
    StreamExecution execution = ((StreamingQueryWrapper) query).streamingQuery();
    if (!(execution instanceof MicroBatchExecution batches)) {
      throw new IllegalArgumentException("only micro-batches have a pace");
    }
    BatchPace pace = new BatchPace(firstRows, mostRows, leastRows, targetMillis);
    query.sparkSession().streams().addListener(new QueryPacing(batches, pace, idleDelay));
  }

  @Override
  public void onQueryStarted(QueryStartedEvent event) {}

  @Override
  public void onQueryProgress(QueryProgressEvent event) {
    if (!event.progress().runId().equals(run)) {
      return;
    }
    lookEvery(busyDelay);
    Long millis = event.progress().durationMs().get("triggerExecution");
    if (millis != null) {
      pace.after(event.progress().numInputRows(), millis).ifPresent(this::limit);
    }
  }

  @Override
  public void onQueryIdle(QueryIdleEvent event) {
    if (event.runId().equals(run)) {
      lookEvery(idleDelay);
    }
  }

  @Override
  public void onQueryTerminated(QueryTerminatedEvent event) {
    if (event.runId().equals(run)) {
      execution.sparkSession().streams().removeListener(this);
    }
  }

  private void limit(long rows) {
    Seq<Tuple2<SparkDataStream, ReadLimit>> limits =
        JavaConverters.asScalaBuffer(
            JavaConverters.seqAsJavaList(execution.uniqueSources().keys().toSeq()).stream()
                .map(source -> Tuple2.apply(source, ReadLimit.maxRows(rows)))
                .toList());
    execution.uniqueSources_$eq(limits.toMap(scala.Predef$.MODULE$.$conforms()));
  }

  private void lookEvery(long millis) {
    if (execution.pollingDelayMs() == millis) {
      return;
    }
    try {
      Field delay = StreamExecution.class.getDeclaredField("pollingDelayMs");
      delay.setAccessible(true);
      delay.setLong(execution, millis);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("this is not the Spark the engine was built for", e);
    }
  }
}
