package io.sightline.engine.table;

import io.sightline.engine.model.Item;
import io.sightline.engine.model.Model;
import io.sightline.engine.model.Prediction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Classes and why there are none.
 *
 * @param probabilities name of the column of all labels' probabilities, or null: none is wanted
 */
record ClassifiedColumns(String output, String error, String probabilities) implements ImageColumns {
  /** One label. */
  private static final StructType LABEL =
      new StructType()
          .add("index", DataTypes.IntegerType, false)
          .add("label", DataTypes.StringType, false)
          .add("probability", DataTypes.DoubleType, false);

  /** The most probable label, and those after it. */
  static final StructType CLASSIFIED =
      new StructType()
          .add("label", DataTypes.StringType, false)
          .add("probability", DataTypes.DoubleType, false)
          .add("index", DataTypes.IntegerType, false)
          .add("top", DataTypes.createArrayType(LABEL, false), false)
          .add("model", DataTypes.StringType, false);

  @Override
  public List<StructField> fields() {
    List<StructField> fields = new ArrayList<>();
    fields.add(DataTypes.createStructField(output, CLASSIFIED, true));
    fields.add(DataTypes.createStructField(error, ERROR, true));
    if (probabilities != null) {
      fields.add(DataTypes.createStructField(probabilities, SQLDataTypes.VectorType(), true));
    }
    return fields;
  }

  @Override
  public List<Object> values(Item item) {
    return row(classified(item), ImageColumns.error(item.failure()), vector(item));
  }

  @Override
  public List<Object> none() {
    return row(null, ImageColumns.noImage(), null);
  }

  /** The value of a column of {@link #CLASSIFIED}: null when the image failed. */
  static Row classified(Item item) {
    if (item.failure() != null) {
      return null;
    }
    Prediction first = item.predictions().get(0);
    Row[] top = item.predictions().stream()
        .map(label -> RowFactory.create(label.index(), label.label(), label.probability()))
        .toArray(Row[]::new);
    return RowFactory.create(first.label(), first.probability(), first.index(), top, name(item.model()));
  }

  private static String name(Model model) {
    return model.name() + "@" + model.version();
  }

  private static Object vector(Item item) {
    if (item.failure() != null) {
      return null;
    }
    return FeatureColumns.vector(item.outputs());
  }

  private List<Object> row(Object classified, Object why, Object vector) {
    return probabilities == null ? Arrays.asList(classified, why) : Arrays.asList(classified, why, vector);
  }
}
