package io.sightline.engine.table;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.Expression;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/** Scala's immutable lists from Java. */
final class Scala {
  private Scala() {}

  static <T> Seq<T> none() {
    return of(List.of());
  }

  static <T> Seq<T> one(T item) {
    return of(List.of(item));
  }

  static <T> Seq<T> of(List<T> items) {
    return JavaConverters.asScalaBuffer(items).toList();
  }

  static AttributeSet set(Seq<Attribute> attributes) {
    Seq<Expression> expressions = of(List.copyOf(JavaConverters.seqAsJavaList(attributes)));
    return AttributeSet.apply(expressions);
  }

  static <T> Seq<T> joined(Seq<T> first, Seq<T> second) {
    List<T> all = new ArrayList<>(JavaConverters.seqAsJavaList(first));
    all.addAll(JavaConverters.seqAsJavaList(second));
    return of(all);
  }
}
