package io.sightline.engine.stream;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The rows of the Kafka sink: a result for every record, and for a failed one a dead letter as well. */
final class OutputRows {
  /** What the Kafka sink takes: the row's topic, key, value and headers. */
  static final StructType SCHEMA =
      new StructType()
          .add("topic", DataTypes.StringType, false)
          .add("key", DataTypes.BinaryType)
          .add("value", DataTypes.BinaryType)
          .add(
              "headers",
              DataTypes.createArrayType(
                  new StructType().add("key", DataTypes.StringType, false).add("value", DataTypes.BinaryType), false));

  private final StreamOptions options;

  OutputRows(StreamOptions options) {
    this.options = options;
  }

  /**
   * @param trace the result's header {@code traceparent}, or null: it has none
   */
  List<Row> of(ImageRecord record, Outcome outcome, String trace) {
    List<Row> rows = new ArrayList<>(2);
    rows.add(result(record, outcome, trace));
    if (outcome.failure() != null) {
      DeadLetter letter = DeadLetter.of(record, outcome.failure(), options.recordLimit());
      rows.add(row(options.deadLettersTopic(), letter.key(), letter.value(), letter.headers()));
    }
    return rows;
  }

  private Row result(ImageRecord record, Outcome outcome, String trace) {
    byte[] key = record.id().getBytes(StandardCharsets.US_ASCII);
    List<Header> headers = new ArrayList<>(record.origin().headers());
    if (trace != null) {
      headers.add(Header.of("traceparent", trace));
    }
    return row(options.resultsTopic(), key, ResultJson.write(record, outcome), headers);
  }

  private static Row row(String topic, byte[] key, byte[] value, List<Header> headers) {
    Object[] encoded = headers.stream().map(header -> RowFactory.create(header.name(), header.value())).toArray();
    return RowFactory.create(topic, key, value, encoded);
  }
}
