package io.sightline.engine.table;

import io.sightline.engine.model.BatchRunner;
import io.sightline.engine.model.Item;
import io.sightline.engine.model.TaskResources;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.catalyst.CatalystTypeConverters;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.JoinedRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.Function1;

/** Takes a batch of rows from a partition, gives them with further columns, takes the next batch. */
final class ImageRows implements Iterator<InternalRow> {
  /** A batch of the largest rows stays within this; more images a batch do not make large ones faster. */
  private static final long BATCH_BYTES = 32L << 20;

  private final Iterator<InternalRow> source;
  private final int image;
  private final ImageOperator operator;
  private final BatchRunner runner;
  private final Function1<Object, Object> converter;
  private final UnsafeProjection projection;
  private final Deque<InternalRow> ready = new ArrayDeque<>();

  /**
   * @param image index of the column of images in the rows of {@code source}
   * @param schema of the rows that come out
   */
  ImageRows(
      Iterator<InternalRow> source, int image, ImageOperator operator, StructType schema, BatchRunner runner) {
    this.source = source;
    this.image = image;
    this.operator = operator;
    this.runner = runner;
    this.converter =
        CatalystTypeConverters.createToCatalystConverter(DataTypes.createStructType(operator.columns().fields()));
    this.projection = UnsafeProjection.create(schema);
  }

  @Override
  public boolean hasNext() {
    return !ready.isEmpty() || source.hasNext();
  }

  @Override
  public InternalRow next() {
    if (ready.isEmpty()) {
      if (!source.hasNext()) {
        throw new NoSuchElementException();
      }
      takeBatch();
    }
    return projection.apply(ready.remove());
  }

  private void takeBatch() {
    List<InternalRow> rows = new ArrayList<>();
    List<Item> items = new ArrayList<>(); // null where a row has no image
    long bytes = 0;
    do {
      InternalRow row = source.next().copy(); // Spark uses one row over and over
      byte[] file = row.isNullAt(image) ? null : row.getBinary(image);
      rows.add(row);
      items.add(file == null ? null : new Item(file, operator.ask()));
      bytes += row instanceof UnsafeRow whole ? whole.getSizeInBytes() : file == null ? 0 : file.length;
    } while (rows.size() < operator.batchSize() && bytes < BATCH_BYTES && source.hasNext());
    runner.run(items.stream().filter(item -> item != null).toList());
    TaskResources.stopIfKilled();
    for (int i = 0; i < rows.size(); i++) {
      Item item = items.get(i);
      ready.add(with(rows.get(i), item == null ? operator.columns().none() : operator.columns().values(item)));
    }
  }

  private InternalRow with(InternalRow row, List<Object> values) {
    return new JoinedRow(row, (InternalRow) converter.apply(RowFactory.create(values.toArray())));
  }
}
