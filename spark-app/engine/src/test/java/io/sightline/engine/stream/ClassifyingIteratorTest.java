package io.sightline.engine.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sightline.engine.model.FakeModel;
import java.nio.charset.StandardCharsets;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

class ClassifyingIteratorTest {
  private static final StructType SOURCE =
      new StructType()
          .add("key", DataTypes.BinaryType)
          .add("value", DataTypes.BinaryType)
          .add("topic", DataTypes.StringType)
          .add("partition", DataTypes.IntegerType)
          .add("offset", DataTypes.LongType)
          .add("timestamp", DataTypes.TimestampType)
          .add("headers", OutputRows.SCHEMA.apply("headers").dataType());

  private final FakeModel model = new FakeModel();

  private static Row row(long offset, byte[] value) {
    Object[] fields = {null, value, "images", 0, offset, new Timestamp(0), null};
    return new GenericRowWithSchema(fields, SOURCE);
  }

  private static List<Row> rows(int count) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      rows.add(row(i, new byte[] {FakeModel.GOOD}));
    }
    return rows;
  }

  @Test
  void batchesUpToTheLimitAndClosesAtTheEnd() {
    ClassifyingIterator output = new ClassifyingIterator(rows(5).iterator(), model, Records.options(4));

    List<Row> results = new ArrayList<>();
    output.forEachRemaining(results::add);

    assertEquals(5, results.size());
    assertEquals(List.of(4, 1), model.forwards);
    assertEquals(model.opened, model.closed);
    assertThrows(NoSuchElementException.class, output::next);
  }

  /** A task whose records have ended, or do not come, used to hold its models in memory. */
  @Test
  void holdsNoSessionBetweenBatches() {
    ClassifyingIterator output = new ClassifyingIterator(rows(9).iterator(), model, Records.options(4));

    output.next();

    assertEquals(1, model.opened);
    assertEquals(1, model.closed);
  }

  /** Results first: the sink has them when it asks for more. */
  @Test
  void comparesWithTheShadowWhenTheResultsAreTaken() {
    StreamOptions options = Records.options(4, new ShadowOptions("fake", 1));
    ClassifyingIterator output = new ClassifyingIterator(rows(4).iterator(), model, options);
    for (int i = 0; i < 4; i++) {
      assertTrue(output.hasNext());
      output.next();
      assertEquals(List.of(4), model.forwards);
    }

    assertFalse(output.hasNext());

    assertEquals(List.of(4, 4), model.forwards);
  }

  /** A continuous source blocks in hasNext until the next record: asking it holds back the result of the last. */
  @Test
  void givesAResultBeforeItAsksForTheNextRecord() {
    Iterator<Row> source = rows(3).iterator();
    List<String> calls = new ArrayList<>();
    Iterator<Row> spied =
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            calls.add("hasNext");
            return source.hasNext();
          }

          @Override
          public Row next() {
            calls.add("next");
            return source.next();
          }
        };
    ClassifyingIterator output = new ClassifyingIterator(spied, model, Records.options(1));

    assertTrue(output.hasNext());
    output.next();

    assertEquals("next", calls.get(calls.size() - 1));
  }

  @Test
  void givesFailedRecordsTwoRowsWithTopics() {
    List<Row> source = List.of(row(0, null), row(1, new byte[] {FakeModel.GOOD}));
    ClassifyingIterator output = new ClassifyingIterator(source.iterator(), model, Records.options(4));

    List<String> topics = new ArrayList<>();
    output.forEachRemaining(row -> topics.add(row.getString(0)));

    assertEquals(List.of("results", "dead-letters", "results"), topics);
    assertFalse(output.hasNext());
  }

  /** Whoever reads a result can read its image back. */
  @Test
  void saysInHeadersWhereTheImageIs() {
    Iterator<Row> output =
        new ClassifyingIterator(List.of(row(7, new byte[] {FakeModel.GOOD})).iterator(), model, Records.options(4));

    List<String> headers = new ArrayList<>();
    for (Object header : output.next().<Object[]>getAs(3)) {
      Row pair = (Row) header;
      headers.add(pair.getString(0) + "=" + new String(pair.<byte[]>getAs(1), StandardCharsets.UTF_8));
    }

    assertEquals(List.of("origin-topic=images", "origin-partition=0", "origin-offset=7"), headers);
  }

  /** Without a key the id follows from the place in the topic, so that a replay gives the same one. */
  @Test
  void derivesAMissingId() {
    byte[] good = {FakeModel.GOOD};
    Row first = new ClassifyingIterator(List.of(row(5, good)).iterator(), model, Records.options(1)).next();
    Row again = new ClassifyingIterator(List.of(row(5, good)).iterator(), model, Records.options(1)).next();
    Row other = new ClassifyingIterator(List.of(row(6, good)).iterator(), model, Records.options(1)).next();

    assertEquals(key(first), key(again));
    assertFalse(key(first).equals(key(other)));
    assertTrue(key(first).matches("[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  }

  private static String key(Row row) {
    return new String(row.<byte[]>getAs(1), StandardCharsets.US_ASCII);
  }
}
