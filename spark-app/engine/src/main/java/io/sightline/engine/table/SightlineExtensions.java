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
import org.apache.spark.sql.catalyst.encoders.ExpressionEncoder;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionInfo;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.ScalaUDF;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.apache.spark.sql.execution.SparkStrategy;
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import scala.Function1;
import scala.Function2;
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
      "_FUNC_(image[, model[, topK]]) - The most probable label of the binary image, by a model's name or"
          + " name@version.";

  @Override
  public BoxedUnit apply(SparkSessionExtensions extensions) {
    ExpressionInfo info =
        new ExpressionInfo(
            ClassifyImage.class.getName(), null, NAME, USAGE, "", "", "", "misc_funcs", "", "", "java_udf");
    extensions.injectFunction(new Tuple3<>(new FunctionIdentifier(NAME), info, new Builder()));
    extensions.injectPlannerStrategy(new Strategy());
    extensions.injectOptimizerRule(new FiltersFirst());
    return BoxedUnit.UNIT;
  }

  /** For each session that is made. */
  private static final class Strategy extends AbstractFunction1<SparkSession, SparkStrategy> {
    @Override
    public SparkStrategy apply(SparkSession session) {
      return ImageStrategy.ONE;
    }
  }

  private static final class FiltersFirst extends AbstractFunction1<SparkSession, Rule<LogicalPlan>> {
    @Override
    public Rule<LogicalPlan> apply(SparkSession session) {
      return FilterImagesFirst.ONE;
    }
  }

  /** Makes the call of a query that is being analysed. */
  private static final class Builder extends AbstractFunction1<Seq<Expression>, Expression> {
    private static final List<Option<ExpressionEncoder<?>>> ENCODERS =
        List.of(encoder(Encoders.BINARY()), encoder(Encoders.STRING()), encoder(Encoders.INT()));

    private static final List<DataType> IMAGES = List.of(DataTypes.BinaryType, DataTypes.NullType);

    @Override
    public Expression apply(Seq<Expression> given) {
      List<Expression> arguments = new ArrayList<>(JavaConverters.seqAsJavaList(given));
      if (arguments.isEmpty() || arguments.size() > 3) {
        throw new IllegalArgumentException(
            NAME + " takes 1 to 3 arguments, an image, a model and a number of labels: " + arguments.size());
      }
      checkImage(arguments.get(0));
      if (arguments.size() == 3 && arguments.get(2) instanceof Literal top
          && top.value() instanceof Number labels && labels.longValue() < 1) {
        throw new IllegalArgumentException(NAME + " gives 1 label or more, not " + labels);
      }
      Expression model = arguments.size() > 1 ? arguments.get(1) : Literal.create(null, DataTypes.StringType);
      return new ScalaUDF(
          call(new ClassifyImage(models(model)), arguments.size()), ClassifyImage.TYPE, Scala.of(arguments),
          Scala.of(ENCODERS.subList(0, arguments.size())), Option.empty(), Option.apply(NAME), true, true);
    }

    /** Spark would take a text's own bytes, which are no image. */
    private static void checkImage(Expression image) {
      if (image.resolved() && !IMAGES.contains(image.dataType())) {
        throw new IllegalArgumentException(
            NAME + " takes the bytes of an image file, binary, as `content` of binaryFile has them; " + image.sql()
                + " is " + image.dataType().simpleString());
      }
    }

    /** Of as many arguments as were given: they name the column. */
    private static Object call(ClassifyImage image, int arguments) {
      return switch (arguments) {
        case 1 -> new OfImage(image);
        case 2 -> new OfImageByModel(image);
        default -> new Call(image);
      };
    }

    private static ModelOptions models(Expression model) {
      TableOptions options = TableOptions.of(SQLConf.get());
      SparkContext context = SparkSession.active().sparkContext();
      if (!(model instanceof Literal name)) { // what else is constant cannot always be worked out here and now
        return options.modelsForTasks(context, null);
      }
      return options.modelsForTasks(
          context, name.value() == null ? options.models().defaultModel() : name.value().toString());
    }

    private static Option<ExpressionEncoder<?>> encoder(Encoder<?> encoder) {
      return Option.apply((ExpressionEncoder<?>) encoder);
    }
  }

  /** As Spark's expression calls it, with one argument; the next two with more. */
  private record OfImage(ClassifyImage image) implements Function1<byte[], Object>, Serializable {
    @Override
    public Object apply(byte[] bytes) {
      return image.of(bytes, null, TOP);
    }
  }

  private record OfImageByModel(ClassifyImage image) implements Function2<byte[], String, Object>, Serializable {
    @Override
    public Object apply(byte[] bytes, String model) {
      return image.of(bytes, model, TOP);
    }
  }

  private record Call(ClassifyImage image) implements Function3<byte[], String, Integer, Object>, Serializable {
    @Override
    public Object apply(byte[] bytes, String model, Integer top) {
      return image.of(bytes, model, top == null ? TOP : top);
    }
  }
}
