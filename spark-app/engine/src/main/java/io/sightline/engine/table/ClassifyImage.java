package io.sightline.engine.table;

import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.model.Ask;
import io.sightline.engine.model.BatchRunner;
import io.sightline.engine.model.Failure;
import io.sightline.engine.model.Item;
import io.sightline.engine.model.ModelOptions;
import io.sightline.engine.model.TaskResources;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * What {@code classify_image} computes for one row, with what a task keeps from row to row. A value: equal calls in a
 * query are one to Spark, so that it may evaluate them once, and group by them.
 */
record ClassifyImage(ModelOptions models) implements Serializable {
  /** As the Transformer's two columns in one. */
  static final StructType TYPE = nullable(ClassifiedColumns.CLASSIFIED).add("error", ImageColumns.ERROR, true);

  private static final Map<Key, OneByOne> TASKS = new ConcurrentHashMap<>();

  private record Key(long task, ModelOptions models) {}

  private static StructType nullable(StructType type) {
    StructType nullable = new StructType();
    for (StructField field : type.fields()) {
      nullable = nullable.add(field.name(), field.dataType(), true);
    }
    return nullable;
  }

  /** Null for a null image; a null model is the session's default. Less than one label is the row's error. */
  Row of(byte[] image, String model, int top) {
    if (image == null) {
      return null;
    }
    if (top < 1) {
      return OneByOne.row(null, new Failure(ErrorCode.INTERNAL, "the number of labels must be positive: " + top));
    }
    Ask ask = new Ask(model == null ? models.defaultModel() : model, top, false);
    TaskContext task = TaskContext.get();
    if (task == null) { // the driver works out what a constant is
      try (OneByOne once = new OneByOne(BatchRunner.of(models))) {
        return once.classify(image, ask);
      }
    }
    Row row = TASKS.computeIfAbsent(new Key(task.taskAttemptId(), models), this::open).classify(image, ask);
    TaskResources.stopIfKilled();
    return row;
  }

  private OneByOne open(Key key) {
    TaskResources.hold("classify_image " + models, () -> TASKS.remove(key).close());
    return new OneByOne(BatchRunner.of(models));
  }

  /**
   * Remembers the last image: Spark evaluates one call several times for one row, in a filter and again beside it.
   * Synchronized: a task that calls a Python function evaluates what that function reads in a second thread.
   */
  private static final class OneByOne implements AutoCloseable {
    private final BatchRunner runner;
    private byte[] lastImage;
    private Ask lastAsk;
    private Row last;

    OneByOne(BatchRunner runner) {
      this.runner = runner;
    }

    synchronized Row classify(byte[] image, Ask ask) {
      if (!ask.equals(lastAsk) || !Arrays.equals(image, lastImage)) {
        Item item = new Item(image, ask);
        runner.run(List.of(item));
        last = row(ClassifiedColumns.classified(item), item.failure());
        lastImage = image;
        lastAsk = ask;
      }
      return last;
    }

    @Override
    public synchronized void close() {
      runner.close();
    }

    private static Row row(Row classified, Failure failure) {
      Object[] values = new Object[TYPE.size()];
      for (int i = 0; classified != null && i < classified.size(); i++) {
        values[i] = classified.get(i);
      }
      values[TYPE.size() - 1] = ImageColumns.error(failure);
      return RowFactory.create(values);
    }
  }
}
