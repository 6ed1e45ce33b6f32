package io.sightline.engine.table;

import io.sightline.engine.model.ModelOptions;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.SparkSessionExtensions;
import org.apache.spark.sql.catalyst.FunctionIdentifier;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.encoders.ExpressionEncoder;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionInfo;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.ScalaUDF;
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.types.DataTypes;
import scala.Function3;
import scala.Option;
import scala.Tuple3;
import scala.collection.JavaConverters;
import scala.collection.Seq;
import scala.runtime.AbstractFunction1;
import scala.runtime.BoxedUnit;

/** The SQL function, for {@code spark.sql.extensions}: then spark-sql, PySpark and thrift server have it alike. */
public final class SightlineExtensions extends AbstractFunction1<SparkSessionExtensions, BoxedUnit> {
  private static final String NAME = "classify_image";
  private static final int TOP = 5;

  private static final String USAGE =
      "_FUNC_(image[, model[, topK]]) - The most probable label of the binary image, by a model's name or name@version.";

  @Override
  public BoxedUnit apply(SparkSessionExtensions extensions) {
    ExpressionInfo info =
        new ExpressionInfo(
            ClassifyImage.class.getName(), null, NAME, USAGE, "", "", "", "misc_funcs", "", "", "java_udf");
    extensions.injectFunction(new Tuple3<>(new FunctionIdentifier(NAME), info, new Builder()));
    return BoxedUnit.UNIT;
  }

  /** Makes the call of a query that is being analysed. */
  private static final class Builder extends AbstractFunction1<Seq<Expression>, Expression> {
    @Override
    public Expression apply(Seq<Expression> given) {
      List<Expression> arguments = new ArrayList<>(JavaConverters.seqAsJavaList(given));
      if (arguments.isEmpty() || arguments.size() > 3) {
        throw new IllegalArgumentException(
            NAME + " takes 1 to 3 arguments, an image, a model and a number of labels: " + arguments.size());
      }
      if (arguments.size() < 2) {
        arguments.add(Literal.create(null, DataTypes.StringType));
      }
      if (arguments.size() < 3) {
        arguments.add(Literal.create(TOP, DataTypes.IntegerType));
      }
      ClassifyImage call = new ClassifyImage(models(arguments.get(1)));
      return new ScalaUDF(
          new Call(call), ClassifyImage.TYPE, Scala.of(arguments),
          Scala.of(List.of(encoder(Encoders.BINARY()), encoder(Encoders.STRING()), encoder(Encoders.INT()))),
          Option.empty(), Option.apply(NAME), true, true);
    }

    private static ModelOptions models(Expression model) {
      TableOptions options = TableOptions.of(SQLConf.get());
      SparkContext context = SparkSession.active().sparkContext();
      if (!model.foldable()) {
        return options.modelsForTasks(context, null);
      }
      Object name = model.eval(InternalRow.empty());
      return options.modelsForTasks(context, name == null ? options.models().defaultModel() : name.toString());
    }

    private static Option<ExpressionEncoder<?>> encoder(Encoder<?> encoder) {
      return Option.apply((ExpressionEncoder<?>) encoder);
    }
  }

  /** As Spark's expression calls it. */
  private record Call(ClassifyImage image) implements Function3<byte[], String, Integer, Object>, Serializable {
    @Override
    public Object apply(byte[] bytes, String model, Integer top) {
      return top == null ? null : image.of(bytes, model, top);
    }
  }
}
