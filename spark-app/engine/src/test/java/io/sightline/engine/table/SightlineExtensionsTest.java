package io.sightline.engine.table;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sightline.engine.model.Digits;
import java.nio.file.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class SightlineExtensionsTest {
  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark = SparkSession.builder()
        .master("local[1]")
        .config("spark.ui.enabled", false)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.extensions", SightlineExtensions.class.getName())
        .config("spark.sightline.models", Path.of("../../models").toAbsolutePath().toString())
        .getOrCreate();
    spark.range(1).select(functions.lit(Digits.IMAGE).as("content")).createOrReplaceTempView("images");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  /** Each connection of a thrift server is a session: another one's view had no plan there. */
  @Test
  void aViewOfClassifiedImagesIsReadInAnotherSession() throws Exception {
    Dataset<Row> classified = ImageClassifier.transform(
        spark.table("images"), "{\"input\": \"content\", \"output\": \"class\", \"error\": \"why\", \"top\": 1}");
    classified.createOrReplaceGlobalTempView("classified");
    Row row = spark.newSession().sql("SELECT class.label, why FROM global_temp.classified").first();
    assertTrue(row.getString(0).matches("[0-9]"), row.toString());
  }

  /** All images were classified, those too that a condition on another column left out. */
  @Test
  void classifiesNoImageThatAnotherColumnLeavesOut() {
    Dataset<Row> images = spark.range(40).select(functions.col("id"), functions.lit(Digits.IMAGE).as("content"));
    Dataset<Row> some = ImageClassifier.transform(
        images, "{\"input\": \"content\", \"output\": \"class\", \"error\": \"why\", \"top\": 1}")
        .where("id >= 30 AND class.label IS NOT NULL AND (id < 32 OR class.index > 10) AND rand() >= 0");
    LogicalPlan add = some.queryExecution().optimizedPlan().find(node -> node instanceof AddImageColumns).get();
    assertEquals(10, Dataset.ofRows(spark, add.children().head()).count());
    assertEquals(2, some.count());
  }

  @Test
  void takesNullForTheUsualNumberOfLabels() {
    assertEquals(5, spark.sql("SELECT size(classify_image(content, null, cast(null AS int)).top) FROM images")
        .first().getInt(0));
  }

  /** The arguments that nobody had given used to be in the column's name. */
  @Test
  void namesTheColumnAfterTheCall() {
    String[] columns = spark.sql("SELECT classify_image(content), classify_image(content, 'digits-lenet') FROM images")
        .columns();
    assertArrayEquals(new String[] {"classify_image(content)", "classify_image(content, digits-lenet)"}, columns);
    assertEquals(5, spark.sql("SELECT size(classify_image(content).top) FROM images").first().getInt(0));
    assertEquals(5, spark.sql("SELECT size(classify_image(content, concat('digits', '-lenet')).top) FROM images")
        .first().getInt(0));
  }

  @Test
  void refusesLessThanOneLabel() {
    IllegalArgumentException refused = assertThrows(
        IllegalArgumentException.class, () -> spark.sql("SELECT classify_image(content, null, 0) FROM images"));
    assertTrue(refused.getMessage().contains("1 label or more"), refused.getMessage());
  }

  /** A file's name was taken for its bytes, and each row had a null label. */
  @Test
  void refusesATextInPlaceOfAnImage() {
    IllegalArgumentException refused = assertThrows(
        IllegalArgumentException.class, () -> spark.sql("SELECT classify_image('photo.jpg') FROM images"));
    assertTrue(refused.getMessage().endsWith("'photo.jpg' is string"), refused.getMessage());
  }

  /** Each row said that its model was unknown, and none in which folder. */
  @Test
  void refusesAFolderOfModelsThatIsNotThere() {
    SparkSession other = spark.newSession();
    other.conf().set("spark.sightline.models", "/no/such/folder");
    TableOptions options = TableOptions.of(other.sessionState().conf());
    IllegalArgumentException refused = assertThrows(
        IllegalArgumentException.class, () -> options.modelsForTasks(other.sparkContext(), "digits-lenet"));
    assertEquals("spark.sightline.models: there is no folder /no/such/folder", refused.getMessage());
  }

  @Test
  void refusesASwitchThatIsNeitherTrueNorFalse() {
    SparkSession other = spark.newSession();
    other.conf().set("spark.sightline.shipModels", "yes");
    IllegalArgumentException refused = assertThrows(
        IllegalArgumentException.class, () -> TableOptions.of(other.sessionState().conf()));
    assertTrue(refused.getMessage().contains("spark.sightline.shipModels must be true or false"));
  }
}
