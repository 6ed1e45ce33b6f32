package io.sightline.engine.stream;

import io.sightline.engine.trace.Span;
import io.sightline.engine.trace.SpanSender;
import io.sightline.engine.trace.TraceOptions;
import io.sightline.engine.trace.Traceparent;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A span for each image whose sender's trace is sampled. Without a collector nothing is recorded, and a trace passes
 * through as it came.
 */
final class RecordSpans {
  private static final long NANOS = 1_000_000_000L;
  private static final RecordSpans NONE = new RecordSpans(null);

  private final Consumer<Span> sink;

  /**
   * @param sink takes spans, or null: nobody does
   */
  RecordSpans(Consumer<Span> sink) {
    this.sink = sink;
  }

  static RecordSpans of(StreamOptions options) {
    TraceOptions tracing = options.tracing();
    return tracing == null ? NONE : new RecordSpans(SpanSender.of(tracing)::send);
  }

  /** Unix time in nanoseconds, or 0: nobody will ask. */
  long begin() {
    return sink == null ? 0 : now();
  }

  /**
   * Records that {@code record}, one of {@code together}, was classified or failed.
   *
   * @param begun what {@link #begin} gave before the batch
   * @return the place in the trace that the result comes from, as a header's text, or null: the image has no trace, or
   *     a malformed one, which W3C has ignored
   */
  String end(ImageRecord record, Outcome outcome, long begun, int together) {
    String given = record.text("traceparent");
    Traceparent from = Traceparent.parse(given);
    if (from == null) {
      return null;
    }
    if (sink == null || !from.sampled()) {
      return given;
    }
    Traceparent place = from.child();
    String error = outcome.failure() == null ? null : outcome.failure().detail();
    Map<String, Object> attributes = attributes(record, outcome, together);
    sink.accept(new Span(place, from.spanId(), "process " + record.origin().topic(), begun, now(), attributes, error));
    return place.text();
  }

  private static Map<String, Object> attributes(ImageRecord record, Outcome outcome, int together) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put("messaging.system", "kafka");
    attributes.put("messaging.operation.name", "process");
    attributes.put("messaging.operation.type", "process");
    attributes.put("messaging.destination.name", record.origin().topic());
    attributes.put("messaging.destination.partition.id", Integer.toString(record.origin().partition()));
    attributes.put("messaging.kafka.offset", record.origin().offset());
    attributes.put("messaging.message.id", record.id());
    attributes.put("messaging.batch.message_count", (long) together);
    attributes.put("sightline.model.name", outcome.classifier().name());
    if (outcome.classifier().version() != null) {
      attributes.put("sightline.model.version", outcome.classifier().version());
    }
    attributes.put("sightline.queue_ms", outcome.timing().queue());
    attributes.put("sightline.decode_ms", outcome.timing().decode());
    attributes.put("sightline.inference_ms", outcome.timing().inference());
    if (outcome.failure() != null) {
      attributes.put("error.type", outcome.failure().code().text());
    }
    return attributes;
  }

  private static long now() {
    Instant now = Instant.now();
    return now.getEpochSecond() * NANOS + now.getNano();
  }
}
