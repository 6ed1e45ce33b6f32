package io.sightline.engine.stream;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.sightline.engine.model.Failure;
import io.sightline.engine.model.Prediction;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** Writes the result document (schema {@code sightline.result/1}): every field present, always in one order. */
final class ResultJson {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final int USUAL_SIZE = 1024;

  private ResultJson() {}

  static byte[] write(ImageRecord record, Outcome outcome) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(USUAL_SIZE);
    try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
      json.writeStartObject();
      json.writeStringField("schema", "sightline.result/1");
      json.writeStringField("id", record.id());
      json.writeStringField("status", outcome.failure() == null ? "classified" : "failed");
      writeModel(json, outcome);
      writePredictions(json, outcome.predictions());
      json.writeStringField("stream", record.text("stream"));
      json.writeStringField("name", record.text("name"));
      json.writeStringField("source", record.text("source"));
      json.writeStringField("trace_id", record.traceId());
      writeTimes(json, record, outcome);
      writeError(json, outcome.failure());
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return bytes.toByteArray();
  }

  private static void writeModel(JsonGenerator json, Outcome outcome) throws IOException {
    Outcome.Classifier classifier = outcome.classifier();
    json.writeObjectFieldStart("model");
    json.writeStringField("name", classifier.name());
    json.writeStringField("version", classifier.version());
    json.writeEndObject();
    json.writeStringField("precision", classifier.precision());
    json.writeStringField("engine", classifier.engine());
  }

  private static void writePredictions(JsonGenerator json, List<Prediction> predictions) throws IOException {
    json.writeArrayFieldStart("predictions");
    for (Prediction prediction : predictions) {
      json.writeStartObject();
      json.writeNumberField("index", prediction.index());
      json.writeStringField("label", prediction.label());
      json.writeNumberField("probability", prediction.probability());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void writeTimes(JsonGenerator json, ImageRecord record, Outcome outcome) throws IOException {
    Long acceptedAt = record.acceptedAt();
    json.writeFieldName("accepted_at");
    if (acceptedAt == null) {
      json.writeNull();
    } else {
      json.writeNumber(acceptedAt);
    }
    json.writeNumberField("classified_at", outcome.classifiedAt());
    json.writeObjectFieldStart("timing_ms");
    json.writeNumberField("queue", rounded(outcome.timing().queue()));
    json.writeNumberField("decode", rounded(outcome.timing().decode()));
    json.writeNumberField("inference", rounded(outcome.timing().inference()));
    json.writeEndObject();
  }

  private static void writeError(JsonGenerator json, Failure failure) throws IOException {
    if (failure == null) {
      json.writeNullField("error");
      return;
    }
    json.writeObjectFieldStart("error");
    json.writeStringField("code", failure.code().text());
    json.writeStringField("detail", failure.detail());
    json.writeEndObject();
  }

  private static double rounded(double milliseconds) {
    return Math.rint(milliseconds * 1000) / 1000;
  }
}
