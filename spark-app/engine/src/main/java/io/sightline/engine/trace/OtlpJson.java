package io.sightline.engine.trace;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;

/** Writes spans as OTLP has them in JSON: ids in hexadecimal, numbers of 64 bits as text. */
final class OtlpJson {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final int CONSUMER = 5;
  private static final int FAILED = 2;

  private OtlpJson() {}

  static byte[] write(Map<String, String> resource, List<Span> spans) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
      json.writeStartObject();
      json.writeArrayFieldStart("resourceSpans");
      json.writeStartObject();
      json.writeObjectFieldStart("resource");
      writeAttributes(json, resource);
      json.writeEndObject();
      json.writeArrayFieldStart("scopeSpans");
      json.writeStartObject();
      json.writeObjectFieldStart("scope");
      json.writeStringField("name", "io.sightline.engine");
      json.writeEndObject();
      json.writeArrayFieldStart("spans");
      for (Span span : spans) {
        writeSpan(json, span);
      }
      json.writeEndArray();
      json.writeEndObject();
      json.writeEndArray();
      json.writeEndObject();
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return bytes.toByteArray();
  }

  private static void writeSpan(JsonGenerator json, Span span) throws IOException {
    json.writeStartObject();
    json.writeStringField("traceId", span.place().traceId());
    json.writeStringField("spanId", span.place().spanId());
    json.writeStringField("parentSpanId", span.parent());
    json.writeStringField("name", span.name());
    json.writeNumberField("kind", CONSUMER);
    json.writeStringField("startTimeUnixNano", Long.toString(span.begun()));
    json.writeStringField("endTimeUnixNano", Long.toString(span.ended()));
    writeAttributes(json, span.attributes());
    if (span.error() != null) {
      json.writeObjectFieldStart("status");
      json.writeNumberField("code", FAILED);
      json.writeStringField("message", span.error());
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static void writeAttributes(JsonGenerator json, Map<String, ?> attributes) throws IOException {
    json.writeArrayFieldStart("attributes");
    for (Map.Entry<String, ?> attribute : attributes.entrySet()) {
      json.writeStartObject();
      json.writeStringField("key", attribute.getKey());
      json.writeObjectFieldStart("value");
      if (attribute.getValue() instanceof Double number) {
        json.writeNumberField("doubleValue", number);
      } else if (attribute.getValue() instanceof Long number) {
        json.writeStringField("intValue", number.toString());
      } else {
        json.writeStringField("stringValue", attribute.getValue().toString());
      }
      json.writeEndObject();
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
