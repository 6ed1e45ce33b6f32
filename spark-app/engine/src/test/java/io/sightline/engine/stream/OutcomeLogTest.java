package io.sightline.engine.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.sightline.engine.KeptLog;
import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.model.Failure;
import io.sightline.engine.model.Prediction;
import java.util.List;
import java.util.Map;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.LogEvent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

class OutcomeLogTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final ImageRecord RECORD =
      Records.of((byte) 1, Header.of("traceparent", "00-" + TRACE + "-b7ad6b7169203331-00"));
  private static final Outcome.Timing TIMING = new Outcome.Timing(19, 1.5, 0.5);

  private final KeptLog kept = new KeptLog(OutcomeLog.class);
  private long now;
  private final LogPace pace = new LogPace(() -> now);

  @AfterEach
  void leave() {
    kept.close();
  }

  private static Outcome failed(ErrorCode code) {
    Failure failure = new Failure(code, "because");
    return new Outcome(Outcome.Classifier.unknown("m"), List.of(), TIMING, 99, failure);
  }

  private static Outcome classified() {
    Outcome.Classifier classifier = new Outcome.Classifier("m", "1", "f32", "onednn");
    return new Outcome(classifier, Prediction.top(new float[] {1}, 0, List.of("yes"), 5), TIMING, 99, null);
  }

  private void write(ImageRecord record, Outcome outcome) {
    OutcomeLog.write(record, outcome, pace);
  }

  private List<String> said() {
    return kept.events().stream().map(event -> event.getMessage().getFormattedMessage()).toList();
  }

  @Test
  void warnsOfOurFaultsWithImageAndTrace() {
    write(RECORD, failed(ErrorCode.INTERNAL));

    LogEvent event = kept.events().get(0);
    assertEquals(Level.WARN, event.getLevel());
    assertEquals("Not classified by m: because", event.getMessage().getFormattedMessage());
    assertEquals(Map.of("image_id", Records.ID, "trace_id", TRACE), event.getContextData().toMap());
    assertNull(MDC.get("image_id"));
    assertNull(MDC.get("trace_id"));
  }

  /** What senders do must not fill the log. */
  @Test
  void saysNothingOfOtherImages() {
    write(RECORD, failed(ErrorCode.TRUNCATED));
    write(RECORD, classified());

    assertEquals(List.of(), kept.events());
  }

  /** A broken model once wrote a line for each image, a thousand a second. */
  @Test
  void warnsOnceASecondAndCountsTheRest() {
    for (int i = 0; i < 2500; i++) {
      write(RECORD, failed(ErrorCode.INTERNAL));
      now += 1_000_000; // a millisecond
    }

    assertEquals(
        List.of(
            "Not classified by m: because",
            "Not classified by m: because (999 more were not logged)",
            "Not classified by m: because (999 more were not logged)"),
        said());
  }

  /** Who asks for every image gets every image. */
  @Test
  void saysAtDebugLevelWhichFaultsWereLeftOut() {
    kept.from(Level.DEBUG);
    write(RECORD, failed(ErrorCode.INTERNAL));
    write(RECORD, failed(ErrorCode.INTERNAL));

    assertEquals(List.of("Not classified by m: because", "Not classified by m: internal"), said());
    assertEquals(Level.DEBUG, kept.events().get(1).getLevel());
  }

  @Test
  void saysWhatBecameOfEachImageWhenAsked() {
    kept.from(Level.DEBUG);
    write(RECORD, failed(ErrorCode.TRUNCATED));
    write(Records.of((byte) 1), classified());

    assertEquals(List.of("Not classified by m: truncated", "Classified by m: yes"), said());
    assertEquals(Map.of("image_id", Records.ID), kept.events().get(1).getContextData().toMap());
  }
}
