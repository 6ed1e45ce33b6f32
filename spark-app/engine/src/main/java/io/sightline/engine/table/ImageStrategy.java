package io.sightline.engine.table;

import org.apache.spark.sql.ExperimentalMethods;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.SparkStrategy;
import scala.collection.Seq;

/**
 * Tells a session's planner how {@link AddImageColumns} is done. {@link SightlineExtensions} tells every session, also
 * those that only read another's view; without it the session knows that adds the columns.
 */
final class ImageStrategy extends SparkStrategy {
  static final ImageStrategy ONE = new ImageStrategy();

  private ImageStrategy() {}

  /** Makes the session know it; once is enough, and more do no harm. */
  static synchronized void knownTo(SparkSession session) {
    ExperimentalMethods knows = session.experimental();
    if (!knows.extraStrategies().contains(ONE)) {
      knows.extraStrategies_$eq(Scala.joined(knows.extraStrategies(), Scala.one(ONE)));
    }
  }

  @Override
  public Seq<SparkPlan> apply(LogicalPlan plan) {
    return plan instanceof AddImageColumns add
        ? Scala.one(new AddImageColumnsExec(add.operator(), add.image(), add.added(), planLater(add.child())))
        : Scala.none();
  }
}
