package io.sightline.engine.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.model.FakeModel;
import io.sightline.engine.model.Prediction;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchClassifierTest {
  private final FakeModel model = new FakeModel();

  private List<Outcome> classify(ImageRecord... records) {
    try (BatchClassifier classifier = new BatchClassifier(model, Records.options(16))) {
      return classifier.classify(List.of(records));
    }
  }

  private static ErrorCode code(Outcome outcome) {
    return outcome.failure() == null ? null : outcome.failure().code();
  }

  @Test
  void classifiesABatchInOneForward() {
    List<Outcome> outcomes = classify(Records.of(FakeModel.GOOD), Records.of((byte) 6));

    assertEquals(List.of(2), model.forwards);
    assertEquals(List.of(new Prediction(1, "yes", 0.9), new Prediction(0, "no", 0.1)), outcomes.get(0).predictions());
    assertEquals(new Prediction(1, "yes", 0.6), outcomes.get(1).predictions().get(0));
    assertEquals(new Outcome.Classifier("fake", "7", "f32", "bigdl"), outcomes.get(0).classifier());
  }

  @Test
  void keepsOneRecordsFailureToItself() {
    List<Outcome> outcomes =
        classify(
            Records.of(FakeModel.UNREADABLE),
            Records.of(FakeModel.GOOD),
            Records.of(FakeModel.BREAKS_CODEC),
            Records.of(FakeModel.GOOD, Header.of("model", "nope")),
            Records.of(FakeModel.GOOD, Header.of("model", "explodes")),
            Records.of(new byte[101]),
            Records.of(FakeModel.GOOD));

    assertEquals(ErrorCode.CORRUPT, code(outcomes.get(0)));
    assertNull(code(outcomes.get(1)));
    assertEquals(ErrorCode.INTERNAL, code(outcomes.get(2)));
    assertEquals(ErrorCode.UNKNOWN_MODEL, code(outcomes.get(3)));
    assertEquals(Outcome.Classifier.unknown("nope"), outcomes.get(3).classifier());
    assertEquals(ErrorCode.INTERNAL, code(outcomes.get(4)));
    assertEquals(ErrorCode.TOO_LARGE, code(outcomes.get(5)));
    assertNull(code(outcomes.get(6)));
    assertEquals(List.of(2), model.forwards);
  }

  @Test
  void repeatsABrokenBatchOneByOneInFreshSessions() {
    List<Outcome> outcomes =
        classify(Records.of(FakeModel.GOOD), Records.of(FakeModel.BREAKS_FORWARD), Records.of((byte) 6));

    assertEquals(new Prediction(1, "yes", 0.9), outcomes.get(0).predictions().get(0));
    assertEquals(ErrorCode.INTERNAL, code(outcomes.get(1)));
    assertEquals(new Prediction(1, "yes", 0.6), outcomes.get(2).predictions().get(0));
    assertEquals(List.of(3, 1, 1, 1), model.forwards);
    assertEquals(3, model.opened);
    assertEquals(3, model.closed);
  }

  @Test
  void refusesProbabilitiesThatAreNoNumbers() {
    List<Outcome> outcomes = classify(Records.of(FakeModel.GIVES_NAN), Records.of(FakeModel.GOOD));

    assertEquals(ErrorCode.INTERNAL, code(outcomes.get(0)));
    assertNull(code(outcomes.get(1)));
  }
}
