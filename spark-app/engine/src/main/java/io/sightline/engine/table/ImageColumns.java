package io.sightline.engine.table;

import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.model.Failure;
import io.sightline.engine.model.Item;
import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** The columns that an operator adds to a frame of images. */
interface ImageColumns extends Serializable {
  /** Why an image has no answer. */
  StructType ERROR =
      new StructType().add("code", DataTypes.StringType, false).add("detail", DataTypes.StringType, false);

  /** Their names and types, in order. */
  List<StructField> fields();

  /** Their values for an image that was classified or failed. */
  List<Object> values(Item item);

  /** Their values where there is no image. */
  List<Object> none();

  static Row error(Failure failure) {
    return failure == null ? null : RowFactory.create(failure.code().text(), failure.detail());
  }

  /** What the error column says where there is no image. */
  static Row noImage() {
    return error(new Failure(ErrorCode.EMPTY, "the image is null"));
  }
}
