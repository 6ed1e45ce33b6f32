package io.sightline.engine.stream;

import io.sightline.engine.trace.Traceparent;
import java.nio.charset.StandardCharsets;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.spark.sql.Row;

/** One record of the image topic as Spark's Kafka source gives it; what a sender wrote may be absent or nonsense. */
record ImageRecord(Origin origin, byte[] key, byte[] value, List<Header> headers) {
  /** The contract's limit on stream and name; longer text of foreign producers is cut in results. */
  private static final int MAX_TEXT = 255;

  private static final Pattern IMAGE_ID =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");

  private static final Pattern MILLISECONDS = Pattern.compile("[0-9]{1,15}");

  /** Where the record is; {@code timestamp} is the broker's append time in Unix ms. */
  record Origin(String topic, int partition, long offset, long timestamp) {
    /** The headers by which a result and a dead letter say where their image is. */
    List<Header> headers() {
      return List.of(
          Header.of("origin-topic", topic),
          Header.of("origin-partition", Integer.toString(partition)),
          Header.of("origin-offset", Long.toString(offset)));
    }
  }

  static ImageRecord of(Row row) {
    Timestamp timestamp = row.getAs("timestamp");
    Origin origin =
        new Origin(row.getAs("topic"), row.<Integer>getAs("partition"), row.<Long>getAs("offset"), timestamp.getTime());
    byte[] value = row.getAs("value");
    return new ImageRecord(origin, row.getAs("key"), value == null ? new byte[0] : value, headersOf(row));
  }

  private static List<Header> headersOf(Row row) {
    int column = row.fieldIndex("headers");
    List<Header> headers = new ArrayList<>();
    if (!row.isNullAt(column)) {
      for (Row header : row.<Row>getList(column)) {
        headers.add(new Header(header.getString(0), header.getAs(1)));
      }
    }
    return headers;
  }

  /**
   * The image id: the key. A record of a foreign producer without one gets an id that follows from its place in the
   * topic, so that a replay finds the same.
   */
  String id() {
    String text = key == null ? "" : new String(key, StandardCharsets.US_ASCII);
    return IMAGE_ID.matcher(text).matches() ? text : idFromOrigin();
  }

  private String idFromOrigin() {
    String place = origin.topic() + "/" + origin.partition() + "/" + origin.offset();
    return UUID.nameUUIDFromBytes(place.getBytes(StandardCharsets.UTF_8)).toString();
  }

  /** The text of the last header called {@code name}, at most 255 characters; null where it is absent or empty. */
  String text(String name) {
    Header header = header(name);
    if (header == null || header.value().length == 0) {
      return null;
    }
    String text = header.text();
    int end = text.codePointCount(0, text.length()) <= MAX_TEXT ? text.length() : text.offsetByCodePoints(0, MAX_TEXT);
    return text.substring(0, end);
  }

  /** When a door accepted the image, Unix ms, or null: no such header, or not a number. */
  Long acceptedAt() {
    String text = text("accepted-at");
    return text != null && MILLISECONDS.matcher(text).matches() ? Long.valueOf(text) : null;
  }

  /** The id of the trace that the image belongs to, or null: it has none. */
  String traceId() {
    Traceparent place = Traceparent.parse(text("traceparent"));
    return place == null ? null : place.traceId();
  }

  private Header header(String name) {
    for (int i = headers.size() - 1; i >= 0; i--) {
      Header header = headers.get(i);
      if (header.name().equals(name) && header.value() != null) {
        return header;
      }
    }
    return null;
  }
}
