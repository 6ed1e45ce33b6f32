package io.sightline.engine.table;

import java.util.Objects;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.UnaryNode;
import scala.collection.IndexedSeq;
import scala.collection.Seq;

/**
 * A plan and the columns that an operator adds to it. A node of its own, so that Spark knows that it needs the column
 * of images alone and reads no others that nobody asks for, and so that these keep their values as they are.
 *
 * <p>Public, with its parts as the constructor's: Spark copies nodes by reflection.
 */
public final class AddImageColumns extends LogicalPlan implements UnaryNode {
  private static final long serialVersionUID = 1L;

  private final ImageOperator operator;
  private final Attribute image;
  private final Seq<Attribute> added;
  private final LogicalPlan child;

  public AddImageColumns(ImageOperator operator, Attribute image, Seq<Attribute> added, LogicalPlan child) {
    this.operator = operator;
    this.image = image;
    this.added = added;
    this.child = child;
  }

  ImageOperator operator() {
    return operator;
  }

  Attribute image() {
    return image;
  }

  Seq<Attribute> added() {
    return added;
  }

  @Override
  public LogicalPlan child() {
    return child;
  }

  @Override
  public Seq<LogicalPlan> children() {
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
  public LogicalPlan withNewChildInternal(LogicalPlan other) {
    return new AddImageColumns(operator, image, added, other);
  }

  @Override
  public LogicalPlan withNewChildrenInternal(IndexedSeq<LogicalPlan> others) {
    return withNewChildInternal(others.head());
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
    return other instanceof AddImageColumns;
  }

  @Override
  public boolean equals(Object other) {
    return this == other
        || other instanceof AddImageColumns that
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
