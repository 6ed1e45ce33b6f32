package io.sightline.engine.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.model.Failure;
import io.sightline.engine.model.Prediction;
import io.sightline.engine.trace.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class RecordSpansTest {
  private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  private static final Outcome.Timing TIMING = new Outcome.Timing(19, 1.5, 0.5);
  private static final Outcome CLASSIFIED =
      new Outcome(
          new Outcome.Classifier("m", "1", "f32", "onednn"),
          Prediction.top(new float[] {1}, 0, List.of("yes"), 5), TIMING, 99, null);

  private final List<Span> sent = new ArrayList<>();
  private final RecordSpans spans = new RecordSpans(sent::add);

  private static ImageRecord record(String trace) {
    return Records.of((byte) 1, Header.of("traceparent", trace));
  }

  @Test
  void joinsTheSendersTrace() {
    long begun = spans.begin();
    String place = spans.end(record(TRACE), CLASSIFIED, begun, 4);

    Span span = sent.get(0);
    assertEquals(span.place().text(), place);
    assertEquals("0af7651916cd43dd8448eb211c80319c", span.place().traceId());
    assertEquals("b7ad6b7169203331", span.parent());
    assertEquals("process images", span.name());
    assertEquals(begun, span.begun());
    assertTrue(span.begun() <= span.ended() && span.begun() > 1_700_000_000_000_000_000L);
    assertEquals(Records.ID, span.attributes().get("messaging.message.id"));
    assertEquals(41L, span.attributes().get("messaging.kafka.offset"));
    assertEquals(4L, span.attributes().get("messaging.batch.message_count"));
    assertEquals("m", span.attributes().get("sightline.model.name"));
    assertEquals(1.5, span.attributes().get("sightline.decode_ms"));
    assertNull(span.error());
  }

  @Test
  void saysWhyAnImageFailed() {
    Failure failure = new Failure(ErrorCode.UNKNOWN_MODEL, "no m");
    spans.end(record(TRACE), new Outcome(Outcome.Classifier.unknown("m"), List.of(), TIMING, 99, failure), 1, 1);

    assertEquals("no m", sent.get(0).error());
    assertEquals("unknown-model", sent.get(0).attributes().get("error.type"));
  }

  @Test
  void recordsNothingOfOtherTraces() {
    String unsampled = TRACE.substring(0, TRACE.length() - 1) + "0";

    assertEquals(unsampled, spans.end(record(unsampled), CLASSIFIED, 1, 1));
    assertNull(spans.end(Records.of((byte) 1), CLASSIFIED, 1, 1));
    assertEquals(List.of(), sent);
  }

  /** What a foreign producer made up was once passed on, into results that then broke their contract. */
  @Test
  void aMalformedTraceEndsHere() {
    String zeros = "00-" + "0".repeat(32) + "-b7ad6b7169203331-01";
    for (String malformed : List.of("nonsense", TRACE + "-more", TRACE.toUpperCase(Locale.ROOT), "ff" + TRACE, zeros)) {
      assertNull(spans.end(record(malformed), CLASSIFIED, 1, 1), malformed);
      assertNull(RecordSpans.of(Records.options(1)).end(record(malformed), CLASSIFIED, 0, 1), malformed);
    }
    assertEquals(List.of(), sent);
  }

  @Test
  void recordsNothingWithoutACollector() {
    RecordSpans none = RecordSpans.of(Records.options(1));

    assertEquals(0, none.begin());
    assertEquals(TRACE, none.end(record(TRACE), CLASSIFIED, 0, 1));
  }
}
