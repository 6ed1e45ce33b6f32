package io.sightline.engine.stream;

import io.sightline.engine.model.Models;
import io.sightline.engine.model.TaskResources;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.sql.Row;

/**
 * Takes a batch of image records from a partition, gives their result and dead-letter rows, takes the next batch.
 *
 * <p>Buffers go as soon as the source ends, not only with the task: a continuous query asks for a new iterator
 * each epoch within one task.
 */
final class ClassifyingIterator implements Iterator<Row>, AutoCloseable {
  /** A batch of the largest images stays within this; more images a batch do not make large ones faster. */
  private static final long BATCH_BYTES = 32L << 20;

  private final Iterator<Row> source;
  private final int batchSize;
  private final BatchClassifier classifier;
  private final OutputRows output;
  private final RecordSpans spans;
  private final Shadow shadow;
  private final Deque<Row> ready = new ArrayDeque<>();

  ClassifyingIterator(Iterator<Row> source, Models models, StreamOptions options) {
    this.source = source;
    this.batchSize = options.batchSize();
    this.classifier = new BatchClassifier(models, options);
    this.output = new OutputRows(options);
    this.spans = RecordSpans.of(options);
    this.shadow = new Shadow(models, options, ShadowCounts.JVM);
  }

  @Override
  public boolean hasNext() {
    if (!ready.isEmpty()) {
      return true;
    }
    shadow.run(); // who asks for more has taken, and sent, the results of what is compared now
    if (source.hasNext()) {
      return true;
    }
    close();
    return false;
  }

  @Override
  public Row next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    if (ready.isEmpty()) {
      takeBatch();
    }
    return ready.remove();
  }

  @Override
  public void close() {
    shadow.close();
    classifier.close();
  }

  private void takeBatch() {
    List<ImageRecord> batch = new ArrayList<>(batchSize);
    long bytes = 0;
    do {
      ImageRecord record = ImageRecord.of(source.next());
      batch.add(record);
      bytes += record.value().length;
    } while (batch.size() < batchSize && bytes < BATCH_BYTES && source.hasNext());
    long begun = spans.begin();
    List<Outcome> outcomes = classifier.classify(batch);
    TaskResources.stopIfKilled();
    for (int i = 0; i < batch.size(); i++) {
      ImageRecord record = batch.get(i);
      String trace = spans.end(record, outcomes.get(i), begun, batch.size());
      OutcomeLog.write(record, outcomes.get(i));
      ready.addAll(output.of(record, outcomes.get(i), trace));
    }
    shadow.take(batch, outcomes);
  }
}
