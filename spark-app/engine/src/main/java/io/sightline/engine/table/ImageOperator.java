package io.sightline.engine.table;

import io.sightline.engine.model.Ask;
import io.sightline.engine.model.ModelOptions;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeReference;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.types.StructField;
import scala.collection.JavaConverters;

/**
 * What adds columns to a frame of images, batch by batch in its tasks.
 *
 * @param input index of the frame's column of images
 */
record ImageOperator(int input, Ask ask, ImageColumns columns, ModelOptions models, int batchSize)
    implements Serializable {

  /** The frame with its columns; {@code frame} may be a batch or a stream. */
  Dataset<Row> on(Dataset<Row> frame) {
    ImageStrategy.knownTo(frame.sparkSession());
    LogicalPlan plan = frame.queryExecution().analyzed();
    List<Attribute> added = new ArrayList<>();
    for (StructField field : columns.fields()) {
      added.add(
          new AttributeReference(
              field.name(), field.dataType(), field.nullable(), field.metadata(), NamedExpression.newExprId(),
              Scala.none()));
    }
    LogicalPlan more = new AddImageColumns(this, plan.output().apply(input), Scala.of(added), plan);
    return Dataset.ofRows(frame.sparkSession(), more).select(named(plan, added));
  }

  /** The new columns under further identities: then Spark can tell two copies of the frame apart in a join. */
  private static Column[] named(LogicalPlan plan, List<Attribute> added) {
    List<Column> columns = new ArrayList<>();
    JavaConverters.seqAsJavaList(plan.output()).forEach(column -> columns.add(new Column(column)));
    added.forEach(column -> columns.add(new Column(column).as(column.name())));
    return columns.toArray(Column[]::new);
  }
}
