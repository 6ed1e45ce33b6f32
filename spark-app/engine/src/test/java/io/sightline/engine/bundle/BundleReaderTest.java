package io.sightline.engine.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sightline.engine.image.Interpolation;
import io.sightline.engine.image.ResizeRule;
import io.sightline.engine.nn.Calibration;
import io.sightline.engine.nn.OutputKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class BundleReaderTest {
  @TempDir
  private Path models;

  @Test
  void readsWhatTheDocumentSays() throws Exception {
    Path folder = Bundles.write(models, "pets", "12");
    Bundle bundle = Bundle.read(folder);
    assertEquals("pets", bundle.name());
    assertEquals("12", bundle.version());
    assertEquals(folder.resolve("model.bigdl"), bundle.definition());
    assertEquals(folder.resolve("model.bin"), bundle.parameters());
    assertEquals(OutputKind.LOG_PROBABILITIES, bundle.output());
    assertEquals(List.of("cat", "dog"), bundle.labels());
    Normalisation normalisation = new Normalisation(List.of(127f, 128.5f, 0f), List.of(128f, 1f, 2.5f));
    ResizeRule resize = new ResizeRule(ResizeRule.Shape.SHORTER_SIDE, 256, Interpolation.BICUBIC, 200, 224);
    assertEquals(new InputSpec(ChannelOrder.RGB, resize, normalisation), bundle.input());
    assertEquals(3 * 224 * 200, bundle.input().length());
  }

  static Stream<Arguments> spoiltDocuments() {
    return Stream.of(
        spoilt("schema must be", json -> json.put("schema", "sightline.model/2")),
        spoilt("schema must be", json -> json.remove("schema")),
        spoilt("says other@1 but its folder is", json -> json.put("name", "other")),
        spoilt("name must be", json -> json.put("version", "1.0")),
        spoilt("weights.format must be", json -> json.withObject("/weights").put("format", "onnx")),
        spoilt("weights.definition must be", json -> json.withObject("/weights").put("definition", "unlisted.bin")),
        spoilt("weights must be an object", json -> json.put("weights", 5)),
        spoilt("input.order must be one of rgb, gray", json -> json.withObject("/input").put("order", "BGR")),
        spoilt("input.channels must be 3", json -> json.withObject("/input").put("channels", 1)),
        spoilt("input.height must be a whole number", json -> json.withObject("/input").put("height", 0)),
        spoilt("input.width must be a whole number", json -> json.withObject("/input").put("width", 1e9)),
        spoilt("input.resize.size must be at least",
            json -> json.withObject("/input/resize").put("size", 223)),
        spoilt("input.resize.rule must be one of", json -> json.withObject("/input/resize").put("rule", "pad")),
        spoilt("input.crop must be center", json -> json.withObject("/input").put("crop", "none")),
        spoilt("input.mean must be a list of 3 numbers", json -> json.withObject("/input").withArray("mean").add(1)),
        spoilt("input.std must be above 0",
            json -> json.withObject("/input").putArray("std").add(1).add(0).add(1)),
        spoilt("output must be one of", json -> json.put("output", "scores")),
        spoilt("labels must be a list of texts", json -> json.putArray("labels")),
        spoilt("labels must be a list of texts", json -> json.putArray("labels").add(1)),
        spoilt("licence must be a text", json -> json.put("licence", " ")),
        spoilt("files.model.bin must be a SHA-256", json -> json.withObject("/files").put("model.bin", "abc")),
        spoilt("a plain file name", json -> json.withObject("/files").put("../../secret", "0".repeat(64))),
        spoilt("model.bin: SHA-256 is", json -> json.withObject("/files").put("model.bin", "0".repeat(64))),
        spoilt("missing.txt: cannot be read", json -> json.withObject("/files").put("missing.txt", "0".repeat(64))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("spoiltDocuments")
  void refusesASpoiltDocumentAndSaysWhy(String reason, Consumer<ObjectNode> spoil) throws Exception {
    Path folder = Bundles.write(models, "pets", "1", spoil);
    BundleException refused = assertThrows(BundleException.class, () -> Bundle.read(folder));
    assertTrue(refused.getMessage().contains(reason), refused.getMessage());
    assertTrue(refused.getMessage().startsWith(folder.toString()), refused.getMessage());
  }

  @Test
  void readsTheCalibration() throws Exception {
    Calibration written = new Calibration("ab12", 40, 0.975, 0.01, List.of(1f, 5.953125f, 0f));
    Path folder = calibrated(CalibrationFile.toJson(written));
    assertEquals(Optional.of(written), Bundle.read(folder).calibration());
    assertEquals(Optional.of(written), Bundle.read(folder).source().calibration());
    assertEquals(Optional.empty(), Bundle.read(Bundles.write(models, "pets", "1")).calibration());
  }

  static Stream<Arguments> spoiltCalibrations() {
    return Stream.of(
        Arguments.of("schema must be", "sightline.calibration/1", "sightline.calibration/2"),
        Arguments.of("bounds must be a list of numbers", "1.0", "\"one\""),
        Arguments.of("a bound must not be negative", "1.0", "-1.0"),
        Arguments.of("images must be a whole number", "40", "0"),
        Arguments.of("is not JSON", "{", "["));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("spoiltCalibrations")
  void refusesASpoiltCalibrationAndSaysWhy(String reason, String from, String to) throws Exception {
    Calibration written = new Calibration("ab12", 40, 0.975, 0.01, List.of(1f));
    Path folder = calibrated(CalibrationFile.toJson(written).replace(from, to));
    BundleException refused = assertThrows(BundleException.class, () -> Bundle.read(folder));
    assertTrue(refused.getMessage().contains(reason), refused.getMessage());
    assertTrue(refused.getMessage().startsWith(folder.resolve("calibration.json").toString()), refused.getMessage());
  }

  @Test
  void refusesACalibrationThatIsNotVouchedFor() throws Exception {
    Path folder = Bundles.write(models, "pets", "1", json -> json.put("calibration", "calibration.json"));
    BundleException refused = assertThrows(BundleException.class, () -> Bundle.read(folder));
    assertTrue(refused.getMessage().contains("calibration must be one of the names under files"));
  }

  private Path calibrated(String text) throws Exception {
    Path folder = Files.createDirectories(models.resolve("pets/2"));
    Path file = Files.writeString(folder.resolve("calibration.json"), text);
    String digest = Digest.sha256(file);
    return Bundles.write(models, "pets", "2", json -> {
      json.put("calibration", "calibration.json");
      json.withObject("/files").put("calibration.json", digest);
    });
  }

  @Test
  void refusesWeightsThatChanged() throws Exception {
    Path folder = Bundles.write(models, "pets", "1");
    Files.writeString(folder.resolve("model.bin"), "contents of model.biN");
    BundleException refused = assertThrows(BundleException.class, () -> Bundle.read(folder));
    assertTrue(refused.getMessage().contains("model.bin: SHA-256 is"), refused.getMessage());
  }

  @Test
  void refusesWhatIsNotJson() throws Exception {
    Path folder = Bundles.write(models, "pets", "1");
    Files.writeString(folder.resolve("model.json"), "{\"schema\": ");
    BundleException refused = assertThrows(BundleException.class, () -> Bundle.read(folder));
    assertTrue(refused.getMessage().contains("model.json: is not JSON"), refused.getMessage());
  }

  @Test
  void refusesAFolderWithoutDocument() {
    BundleException refused = assertThrows(BundleException.class, () -> Bundle.read(models.resolve("none")));
    assertTrue(refused.getMessage().contains("model.json: cannot be read"), refused.getMessage());
  }

  private static Arguments spoilt(String reason, Consumer<ObjectNode> spoil) {
    return Arguments.of(reason, spoil);
  }
}
