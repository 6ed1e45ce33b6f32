package io.sightline.engine.table;

import io.sightline.engine.model.Ask;
import io.sightline.engine.model.BatchRunner;
import io.sightline.engine.model.Item;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** Takes a batch of rows from a partition, gives them with further columns, takes the next batch. */
final class ImageRows implements Iterator<Row>, AutoCloseable {
  /** A batch of the largest images stays within this; more images a batch do not make large ones faster. */
  private static final long BATCH_BYTES = 32L << 20;

  private final Iterator<Row> source;
  private final ImageOperator operator;
  private final BatchRunner runner;
  private final Deque<Row> ready = new ArrayDeque<>();

  ImageRows(Iterator<Row> source, ImageOperator operator, BatchRunner runner) {
    this.source = source;
    this.operator = operator;
    this.runner = runner;
  }

  @Override
  public boolean hasNext() {
    if (!ready.isEmpty() || source.hasNext()) {
      return true;
    }
    close();
    return false;
  }

  @Override
  public Row next() {
    if (ready.isEmpty()) {
      if (!source.hasNext()) {
        throw new NoSuchElementException();
      }
      takeBatch();
    }
    return ready.remove();
  }

  @Override
  public void close() {
    runner.close();
  }

  private void takeBatch() {
    List<Row> rows = new ArrayList<>();
    List<Item> items = new ArrayList<>(); // null where a row has no image
    long bytes = 0;
    do {
      Row row = source.next();
      byte[] image = row.getAs(operator.input());
      rows.add(row);
      items.add(image == null ? null : new Item(image, operator.ask()));
      bytes += image == null ? 0 : image.length;
    } while (rows.size() < operator.batchSize() && bytes < BATCH_BYTES && source.hasNext());
    runner.run(items.stream().filter(item -> item != null).toList());
    stopIfKilled();
    for (int i = 0; i < rows.size(); i++) {
      Item item = items.get(i);
      ready.add(with(rows.get(i), item == null ? operator.columns().none() : operator.columns().values(item)));
    }
  }

  private static Row with(Row row, List<Object> values) {
    Object[] all = new Object[row.size() + values.size()];
    for (int i = 0; i < row.size(); i++) {
      all[i] = row.get(i);
    }
    for (int i = 0; i < values.size(); i++) {
      all[row.size() + i] = values.get(i);
    }
    return RowFactory.create(all);
  }

  /** What was classified while the task was being killed may have failed for that reason alone. */
  private static void stopIfKilled() {
    TaskContext task = TaskContext.get();
    if (task != null && task.isInterrupted()) {
      throw new TaskKilledException("the task was stopped");
    }
  }
}
