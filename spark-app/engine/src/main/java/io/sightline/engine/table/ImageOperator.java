package io.sightline.engine.table;

import io.sightline.engine.model.Ask;
import io.sightline.engine.model.BatchRunner;
import io.sightline.engine.model.ModelOptions;
import io.sightline.engine.model.TaskResources;
import java.io.Serializable;
import java.util.UUID;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * What adds columns to a frame of images, batch by batch in its tasks.
 *
 * @param input index of the column of images
 */
record ImageOperator(int input, Ask ask, ImageColumns columns, ModelOptions models, int batchSize)
    implements Serializable {

  /** The frame with its columns; {@code frame} may be a batch or a stream. */
  Dataset<Row> on(Dataset<Row> frame) {
    StructType schema = frame.schema();
    for (StructField field : columns.fields()) {
      schema = schema.add(field);
    }
    String owner = UUID.randomUUID().toString();
    MapPartitionsFunction<Row, Row> add =
        rows -> {
          ImageRows added = new ImageRows(rows, this, BatchRunner.of(models));
          TaskResources.hold(owner, added::close);
          return added;
        };
    return frame.mapPartitions(add, Encoders.row(schema));
  }
}
