package io.sightline.engine.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.model.Failure;
import io.sightline.engine.model.Prediction;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResultJsonTest {
  private static final Outcome.Timing TIMING = new Outcome.Timing(19, 1.23456, 0.5);

  private static final String TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

  private static String json(ImageRecord record, Outcome outcome) {
    return new String(ResultJson.write(record, outcome), StandardCharsets.UTF_8);
  }

  @Test
  void writesAClassifiedImage() {
    List<Prediction> top = Prediction.top(new float[] {0.25f, 0.7500004f}, 0, List.of("no", "yes"), 5);
    ImageRecord record =
        Records.of(
            (byte) 9, Header.of("source", "tcp"), Header.of("accepted-at", "17"), Header.of("name", "\u00e9.jpg"),
            Header.of("traceparent", "00-" + TRACE_ID + "-b7ad6b7169203331-00"));

    assertEquals(
        "{\"schema\":\"sightline.result/1\",\"id\":\"" + Records.ID + "\",\"status\":\"classified\","
            + "\"model\":{\"name\":\"m\",\"version\":\"1\"},\"precision\":\"bf16\",\"engine\":\"onednn\","
            + "\"predictions\":["
            + "{\"index\":1,\"label\":\"yes\",\"probability\":0.75},"
            + "{\"index\":0,\"label\":\"no\",\"probability\":0.25}],"
            + "\"stream\":null,\"name\":\"\u00e9.jpg\",\"source\":\"tcp\",\"trace_id\":\"" + TRACE_ID + "\","
            + "\"accepted_at\":17,\"classified_at\":99,"
            + "\"timing_ms\":{\"queue\":19.0,\"decode\":1.235,\"inference\":0.5},\"error\":null}",
        json(record, new Outcome(new Outcome.Classifier("m", "1", "bf16", "onednn"), top, TIMING, 99, null)));
  }

  @Test
  void writesAFailedImageWithHeadersOfAForeignProducer() {
    Header binary = new Header("stream", new byte[] {(byte) 0xff, 'x'});
    ImageRecord record = Records.of((byte) 1, binary, Header.of("accepted-at", "now"), Header.of("name", ""),
            Header.of("traceparent", "00-" + "0".repeat(32) + "-b7ad6b7169203331-01"));
    Failure failure = new Failure(ErrorCode.UNKNOWN_MODEL, "no \"m\"");

    assertEquals(
        "{\"schema\":\"sightline.result/1\",\"id\":\"" + Records.ID + "\",\"status\":\"failed\","
            + "\"model\":{\"name\":\"m\",\"version\":null},\"precision\":null,\"engine\":null,\"predictions\":[],"
            + "\"stream\":\"\ufffdx\",\"name\":null,\"source\":null,\"trace_id\":null,"
            + "\"accepted_at\":null,\"classified_at\":99,"
            + "\"timing_ms\":{\"queue\":19.0,\"decode\":1.235,\"inference\":0.5},"
            + "\"error\":{\"code\":\"unknown-model\",\"detail\":\"no \\\"m\\\"\"}}",
        json(record, new Outcome(Outcome.Classifier.unknown("m"), List.of(), TIMING, 99, failure)));
  }
}
