package io.sightline.engine.table;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/**
 * Kafka's topics as tables of a session.
 *
 * @param sources options of Spark's Kafka source by the name of a global temporary view of its records
 * @param statements SQL that makes the tables of those views; holds nothing secret
 */
record TopicTables(Map<String, Map<String, String>> sources, List<String> statements) {

  /**
   * From the JSON object of these two fields.
   *
   * @throws IllegalArgumentException it is none; the message tells nothing of its text, which holds a password
   */
  static TopicTables parse(String json) {
    try {
      return new ObjectMapper().readValue(json, TopicTables.class);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the topics' tables are not the JSON that was agreed on");
    }
  }

  /** Nothing is read yet: each query asks Kafka for what there is then. */
  void create(SparkSession spark) {
    sources.forEach(
        (view, options) ->
            spark.read().format("kafka").options(options).load().createOrReplaceGlobalTempView(view));
    statements.forEach(spark::sql);
  }
}
