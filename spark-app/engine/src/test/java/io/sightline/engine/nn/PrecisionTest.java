package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SameWeights.class)
final class PrecisionTest {
  private static final List<Precision> EITHER = List.of(Precision.BF16, Precision.F32);
  private static final List<Precision> SINGLE = List.of(Precision.F32);
  private static final long LARGE = 400_000_000;
  private static final long SMALL = 300_000;

  @TempDir
  private Path folder;

  @Test
  void autoTakesBf16WhereItPays() {
    assertEquals(EITHER, PrecisionWish.AUTO.candidates(true, LARGE));
    assertEquals(SINGLE, PrecisionWish.AUTO.candidates(true, SMALL));
    assertEquals(SINGLE, PrecisionWish.AUTO.candidates(false, LARGE));
  }

  @Test
  void aNamedPrecisionIsTakenWhereTheCpuHasIt() {
    assertEquals(EITHER, PrecisionWish.named("bf16").candidates(true, SMALL));
    assertEquals(SINGLE, PrecisionWish.named("bf16").candidates(false, SMALL));
    assertEquals(SINGLE, PrecisionWish.named("f32").candidates(true, LARGE));
    assertThrows(IllegalArgumentException.class, () -> PrecisionWish.named("f8"));
  }

  @Test
  void countsWhatThereIsToCompute() throws Exception {
    NetworkSource source = TestNetworks.lenetSource(folder);
    Program program = ModuleImporter.read(BigDlModule.load(source), source);
    int convolutions = 24 * 24 * 6 * 25 + 8 * 8 * 12 * 6 * 25;
    assertEquals(convolutions + 192 * 100 + 100 * 10, program.multiplyAdds());
  }

  /** Different numbers, or bfloat16 was not what computed; near ones, or it was wrong. */
  @Test
  void bf16AnswersNearlyAsSingleDoes() throws Exception {
    assumeTrue(Dnnl.computesInBf16(), "this CPU has no bfloat16");
    NetworkSource source = TestNetworks.mobileSource(folder);
    float[] images = TestNetworks.images(source, 9, 3);
    float[] expected = TestNetworks.expected(source, images, 9);
    try (Network network = Network.load(source, NetworkOptions.defaults().with(PrecisionWish.BF16))) {
      assertEquals(Precision.BF16, network.precision());
      assertEquals(EngineKind.ONEDNN, network.engine());
      float[] actual = TestNetworks.actual(network, images, 9);
      assertArrayEquals(expected, actual, 0.03f);
      assertFalse(Arrays.equals(expected, actual));
      for (int i = 0; i < 9; i++) {
        double sum = 0;
        for (int c = 0; c < 12; c++) {
          sum += actual[i * 12 + c];
        }
        assertEquals(1, sum, 1e-5, "the probabilities are single");
      }
    }
  }

  @Test
  void smallNetworksStaySingle() throws Exception {
    try (Network network = Network.load(
        TestNetworks.lenetSource(folder), NetworkOptions.defaults().with(PrecisionWish.AUTO))) {
      assertEquals(Precision.F32, network.precision());
      assertTrue(network.compiled());
    }
  }

  @Test
  void bigDlsOwnForwardIsForTheAsking() throws Exception {
    NetworkSource source = TestNetworks.lenetSource(folder);
    float[] images = TestNetworks.images(source, 3, 4);
    try (Network network = Network.load(source, NetworkOptions.defaults().with(EngineKind.named("bigdl")))) {
      assertEquals(EngineKind.BIGDL, network.engine());
      assertEquals(Precision.F32, network.precision());
      assertArrayEquals(TestNetworks.expected(source, images, 3), TestNetworks.actual(network, images, 3), 1e-6f);
    }
  }
}
