package io.sightline.engine.table;

import java.util.List;
import org.apache.spark.sql.catalyst.expressions.And;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.rules.Rule;
import scala.Function1;
import scala.collection.JavaConverters;
import scala.runtime.AbstractPartialFunction;

/**
 * Puts below {@link AddImageColumns} the conditions of a filter that ask nothing of the added columns: what they leave
 * out is not computed. Spark's own rule does so for its own nodes only.
 */
final class FilterImagesFirst extends Rule<LogicalPlan> {
  static final FilterImagesFirst ONE = new FilterImagesFirst();

  private FilterImagesFirst() {}

  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    return plan.transformDown(new Moving());
  }

  /** For a filter right above the node: Spark's rules bring it there. */
  private static final class Moving extends AbstractPartialFunction<LogicalPlan, LogicalPlan> {
    private static final long serialVersionUID = 1L;

    @Override
    public boolean isDefinedAt(LogicalPlan plan) {
      return plan instanceof Filter filter && filter.child() instanceof AddImageColumns add
          && conditions(filter).stream().anyMatch(condition -> isBelow(condition, add));
    }

    @Override
    @SuppressWarnings("unchecked") // Scala's signature says no more than that a plan is a plan
    public <A extends LogicalPlan, B> B applyOrElse(A plan, Function1<A, B> otherwise) {
      return isDefinedAt(plan) ? (B) moved((Filter) plan) : otherwise.apply(plan);
    }

    private static LogicalPlan moved(Filter filter) {
      AddImageColumns add = (AddImageColumns) filter.child();
      List<Expression> below = conditions(filter).stream().filter(condition -> isBelow(condition, add)).toList();
      List<Expression> above = conditions(filter).stream().filter(condition -> !isBelow(condition, add)).toList();
      LogicalPlan fewer = add.withNewChildInternal(filtered(below, add.child()));
      return above.isEmpty() ? fewer : filtered(above, fewer);
    }

    private static LogicalPlan filtered(List<Expression> conditions, LogicalPlan plan) {
      return new Filter(conditions.stream().reduce(And::new).orElseThrow(), plan);
    }

    private static List<Expression> conditions(Filter filter) {
      return JavaConverters.seqAsJavaList(filter.splitConjunctivePredicates(filter.condition()));
    }

    private static boolean isBelow(Expression condition, AddImageColumns add) {
      return condition.deterministic() && condition.references().subsetOf(add.child().outputSet());
    }
  }
}
