package io.sightline.engine.table;

import io.sightline.engine.model.BatchRunner;
import java.util.Objects;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.SortOrder;
import org.apache.spark.sql.catalyst.plans.physical.Partitioning;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.UnaryExecNode;
import org.apache.spark.sql.types.StructType;
import scala.collection.IndexedSeq;
import scala.collection.Seq;

/** {@link AddImageColumns} at work: row after row in, batch by batch through the engine, row after row out. */
public final class AddImageColumnsExec extends SparkPlan implements UnaryExecNode {
  private static final long serialVersionUID = 1L;

  private final ImageOperator operator;
  private final Attribute image;
  private final Seq<Attribute> added;
  private final SparkPlan child;

  public AddImageColumnsExec(ImageOperator operator, Attribute image, Seq<Attribute> added, SparkPlan child) {
    this.operator = operator;
    this.image = image;
    this.added = added;
    this.child = child;
  }

  @Override
  public RDD<InternalRow> doExecute() {
    ImageOperator work = operator; // the tasks need this, not the plan
    int column = ordinal();
    StructType schema = schema();
    FlatMapFunction<java.util.Iterator<InternalRow>, InternalRow> add =
        rows -> new ImageRows(rows, column, work, schema, BatchRunner.of(work.models()));
    return child.execute().toJavaRDD().mapPartitions(add).rdd();
  }

  /** Where the child's rows have the image. */
  private int ordinal() {
    Seq<Attribute> columns = child.output();
    for (int i = 0; i < columns.size(); i++) {
      if (columns.apply(i).exprId().equals(image.exprId())) {
        return i;
      }
    }
    throw new IllegalStateException("the plan below has no column " + image);
  }

  @Override
  public SparkPlan child() {
    return child;
  }

  @Override
  public Seq<SparkPlan> children() {
    return Scala.one(child);
  }

  @Override
  public Seq<Attribute> output() {
    return Scala.joined(child.output(), added);
  }

  @Override
  public AttributeSet producedAttributes() {
    return Scala.set(added);
  }

  @Override
  public Partitioning outputPartitioning() {
    return child.outputPartitioning();
  }

  @Override
  public Seq<SortOrder> outputOrdering() {
    return child.outputOrdering();
  }

  @Override
  public SparkPlan withNewChildInternal(SparkPlan other) {
    return new AddImageColumnsExec(operator, image, added, other);
  }

  @Override
  public SparkPlan withNewChildrenInternal(IndexedSeq<SparkPlan> others) {
    return withNewChildInternal(others.head());
  }

  /** What Scala's compiler writes for a trait's call of {@code super}. */
  public String org$apache$spark$sql$execution$UnaryExecNode$$super$formattedNodeName() {
    return super.formattedNodeName();
  }

  @Override
  public int productArity() {
    return 4;
  }

  @Override
  public Object productElement(int number) {
    return switch (number) {
      case 0 -> operator;
      case 1 -> image;
      case 2 -> added;
      case 3 -> child;
      default -> throw new IndexOutOfBoundsException(number);
    };
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof AddImageColumnsExec;
  }

  @Override
  public boolean equals(Object other) {
    return this == other
        || other instanceof AddImageColumnsExec that
            && operator.equals(that.operator)
            && image.equals(that.image)
            && added.equals(that.added)
            && child.equals(that.child);
  }

  @Override
  public int hashCode() {
    return Objects.hash(operator, image, added, child);
  }
}
