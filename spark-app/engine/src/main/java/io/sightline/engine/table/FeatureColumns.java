package io.sightline.engine.table;

import io.sightline.engine.model.Item;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;

/** A layer's values, and why there are none. */
record FeatureColumns(String output, String error) implements ImageColumns {

  @Override
  public List<StructField> fields() {
    return List.of(
        DataTypes.createStructField(output, SQLDataTypes.VectorType(), true),
        DataTypes.createStructField(error, ERROR, true));
  }

  @Override
  public List<Object> values(Item item) {
    return Arrays.asList(
        item.failure() == null ? vector(item.outputs()) : null, ImageColumns.error(item.failure()));
  }

  @Override
  public List<Object> none() {
    return Arrays.asList(null, ImageColumns.noImage());
  }

  static Vector vector(float[] values) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return Vectors.dense(wide);
  }
}
