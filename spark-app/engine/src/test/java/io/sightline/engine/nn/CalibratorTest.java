package io.sightline.engine.nn;

import static io.sightline.engine.nn.Layers.layer;
import static io.sightline.engine.nn.Layers.linear;
import static io.sightline.engine.nn.Layers.reshape;
import static io.sightline.engine.nn.Layers.sequential;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(SameWeights.class)
final class CalibratorTest {
  private static final int IMAGES = 32;
  private static final NetworkOptions INT8 =
      NetworkOptions.withBatchSizes(List.of(1, 4)).with(PrecisionWish.named("int8"));

  @TempDir
  private Path folder;

  /** Near numbers, or the scales are wrong; different ones, or whole numbers were not what computed. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aCalibratedNetworkAnswersNearlyAsSingleDoes(boolean residual) throws Exception {
    NetworkSource source = residual ? TestNetworks.mobileSource(folder) : TestNetworks.lenetSource(folder);
    Calibration calibration = calibrate(source);
    assertEquals(IMAGES, calibration.images());
    assertTrue(calibration.agreement() >= 0.9, "agreement " + calibration.agreement());
    assertTrue(calibration.distance() > 0 && calibration.distance() < 0.03, "distance " + calibration.distance());
    float[] images = TestNetworks.images(source, 9, 3);
    float[] expected = TestNetworks.expected(source, images, 9);
    try (Network network = Network.load(source.with(calibration), INT8)) {
      assertEquals(Precision.INT8, network.precision());
      float[] actual = TestNetworks.actual(network, images, 9);
      assertArrayEquals(expected, actual, 0.05f);
      assertFalse(Arrays.equals(expected, actual));
    }
  }

  @Test
  void withoutACalibrationTheNextSaferPrecisionRuns() throws Exception {
    try (Network network = Network.load(TestNetworks.lenetSource(folder), INT8)) {
      assertEquals(Precision.F32, network.precision());
    }
  }

  @Test
  void aCalibrationOfAnotherProgramIsRefused() throws Exception {
    NetworkSource source = TestNetworks.lenetSource(folder);
    Calibration own = calibrate(source);
    Calibration stale =
        new Calibration("0".repeat(64), own.images(), own.agreement(), own.distance(), own.bounds());
    try (Network network = Network.load(source.with(stale), INT8)) {
      assertEquals(Precision.F32, network.precision());
    }
  }

  /** Ranges far too small, as of images that were all black: the answers are wrong, and the check at load sees it. */
  @Test
  void aCalibrationThatSpoilsTheAnswersIsRefused() throws Exception {
    NetworkSource source = TestNetworks.save(sequential(reshape(784), linear(784, 10), layer("LogSoftMax")), folder,
        new int[] {1, 28, 28}, 10, OutputKind.LOG_PROBABILITIES);
    Calibration own = calibrate(source);
    List<Float> narrow = Collections.nCopies(own.bounds().size(), 1e-3f);
    Calibration spoilt = new Calibration(own.program(), own.images(), own.agreement(), own.distance(), narrow);
    try (Network network = Network.load(source.with(spoilt), INT8)) {
      assertEquals(Precision.F32, network.precision());
    }
  }

  @Test
  void namesTheLayerThatCannotBeCompiled() {
    NetworkException refused =
        assertThrows(NetworkException.class, () -> Calibrator.open(TestNetworks.unknownSource(folder)));
    assertTrue(refused.getMessage().contains("cannot run in int8: layer HardShrink"), refused.getMessage());
  }

  /** What single precision had compiled by then stayed in native memory. */
  @Test
  void freesTheReferenceWhenTheCandidateIsRefused() throws Exception {
    NetworkSource source = TestNetworks.lenetSource(folder);
    Program program = Optimiser.optimise(ModuleImporter.read(BigDlModule.load(source), source));
    Types single = new Types(program, Precision.F32);
    DnnlBackend.compile(source, program, List.of(1), single).close(); // creates the engine, which stays
    long before = NativesTest.pointers();
    assertThrows(IllegalStateException.class, () -> Comparison.of(
        DnnlBackend.compile(source, program, List.of(1), single),
        () -> {
          throw new IllegalStateException("could not create a primitive descriptor");
        },
        source.outputs()));
    assertTrue(NativesTest.pointers() <= before);
  }

  private static Calibration calibrate(NetworkSource source) throws NetworkException {
    float[] images = TestNetworks.images(source, IMAGES, 1);
    try (Calibrator calibrator = Calibrator.open(source)) {
      for (int i = 0; i < IMAGES; i++) {
        calibrator.observe(image(source, images, i));
      }
      calibrator.quantise();
      for (int i = 0; i < IMAGES; i++) {
        calibrator.compare(image(source, images, i));
      }
      return calibrator.result();
    }
  }

  private static float[] image(NetworkSource source, float[] images, int i) {
    return Arrays.copyOfRange(images, i * source.inputLength(), (i + 1) * source.inputLength());
  }
}
