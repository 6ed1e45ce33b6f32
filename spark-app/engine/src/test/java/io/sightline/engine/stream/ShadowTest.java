package io.sightline.engine.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.model.FakeModel;
import io.sightline.engine.model.Model;
import io.sightline.engine.model.ModelNotUsable;
import io.sightline.engine.model.Models;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class ShadowTest {
  private static final String SHADOW = "fake@8";

  private final FakeModel shown = new FakeModel();
  private final FakeModel second = new FakeModel();
  private final ShadowCounts counts = new ShadowCounts();

  @Test
  void countsWhereBothSayTheSame() {
    compare(1, known(second), Records.of(FakeModel.GOOD), Records.of((byte) 6), Records.of((byte) 7));
    assertEquals(report(3, 0, 0, 0), untimed());
  }

  @Test
  void countsWhereItSaysAnotherLabel() {
    second.turned = true;
    compare(1, known(second), Records.of(FakeModel.GOOD), Records.of((byte) 6));
    assertEquals(0, counts.report().same());
    assertEquals(2, counts.report().other());
    assertEquals(0.8 + 0.2, counts.report().difference(), 1e-6); // yes: 0.9 and 0.1, 0.6 and 0.4
    assertTrue(counts.report().seconds() > 0);
  }

  @Test
  void leavesOutWhatHasNoResultOrNamesAnotherModel() {
    compare(1, known(second), Records.of(FakeModel.UNREADABLE), Records.of(FakeModel.GOOD, Header.of("model", "nope")));
    assertEquals(List.of(), second.forwards);
    assertEquals(report(0, 0, 0, 0), untimed());
  }

  /** Unless the setting names its version, the default model becomes its own shadow. */
  @Test
  void isNotComparedWithItself() {
    List<ImageRecord> batch = List.of(Records.of(FakeModel.GOOD));
    StreamOptions options = Records.options(16, new ShadowOptions("fake@7", 1));
    try (Shadow shadow = new Shadow(known(second), options, counts)) {
      shadow.take(batch, classify(batch));
      shadow.run();
    }
    assertEquals(List.of(), second.forwards);
  }

  @Test
  void itsFailuresAreCountedAndNothingElse() {
    second.broken = true;
    compare(1, known(second), Records.of(FakeModel.GOOD), Records.of((byte) 6));
    assertEquals(report(0, 0, 2, 0), untimed());
  }

  @Test
  void aModelThatCannotBeLoadedFailsAllOfThem() {
    compare(1, new Known(second) {
      @Override
      public Optional<Model> find(String reference) throws ModelNotUsable {
        throw new ModelNotUsable(ErrorCode.MODEL_UNAVAILABLE, "damaged");
      }
    }, Records.of(FakeModel.GOOD));
    assertEquals(report(0, 0, 1, 0), untimed());
  }

  @Test
  void nobodyWaitsForItsLoading() {
    compare(1, new Known(second) {
      @Override
      public Optional<Model> find(String reference) {
        return Optional.empty();
      }
    }, Records.of(FakeModel.GOOD));
    assertEquals(report(0, 0, 0, 0), untimed());
  }

  @Test
  void takesItsShareAndTheSameImagesEachTime() {
    List<String> ids = IntStream.range(0, 4000).mapToObj(i -> new UUID(i, ~i).toString()).toList();
    List<String> tenth = ids.stream().filter(id -> Shadow.isTaken(id, 0.1)).toList();
    assertEquals(400, tenth.size(), 80);
    assertEquals(tenth, ids.stream().filter(id -> Shadow.isTaken(id, 0.1)).toList());
    assertTrue(tenth.stream().allMatch(id -> Shadow.isTaken(id, 0.5)), "a larger share has the smaller one's images");
    assertTrue(ids.stream().allMatch(id -> Shadow.isTaken(id, 1)));
  }

  private void compare(double share, Models models, ImageRecord... records) {
    List<ImageRecord> batch = List.of(records);
    StreamOptions options = Records.options(16, new ShadowOptions(SHADOW, share));
    List<Outcome> outcomes = classify(batch);
    try (Shadow shadow = new Shadow(models, options, counts)) {
      shadow.take(batch, outcomes);
      shadow.run();
      shadow.run(); // there is nothing left
    }
  }

  private List<Outcome> classify(List<ImageRecord> batch) {
    try (BatchClassifier classifier = new BatchClassifier(shown, Records.options(16))) {
      return classifier.classify(batch);
    }
  }

  private static Models known(FakeModel model) {
    return new Known(model);
  }

  private static class Known implements Models {
    private final Model model;

    Known(Model model) {
      this.model = model;
    }

    @Override
    public Model resolve(String reference) throws ModelNotUsable {
      assertEquals(SHADOW, reference);
      return model;
    }

    @Override
    public Optional<Model> find(String reference) throws ModelNotUsable {
      return Optional.of(resolve(reference));
    }
  }

  private ShadowReport untimed() {
    ShadowReport report = counts.report();
    return report(report.same(), report.other(), report.failed(), report.difference());
  }

  private static ShadowReport report(long same, long other, long failed, double difference) {
    return new ShadowReport(same, other, failed, difference, 0);
  }
}
