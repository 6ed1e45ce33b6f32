package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SameWeights.class)
final class TrafficTest {
  private static final long ALL = Long.MAX_VALUE;

  @TempDir
  private Path folder;

  private final Natives natives = new Natives();
  private Program program;

  @BeforeEach
  void read() throws Exception {
    NetworkSource source = TestNetworks.mobileSource(folder);
    program = Optimiser.optimise(ModuleImporter.read(BigDlModule.load(source), source));
  }

  @AfterEach
  void free() {
    natives.close();
  }

  @Test
  void dividesTheWeightsAmongTheImages() {
    assertTrue(perImage(16, ALL) > 0);
    assertEquals(perImage(8, ALL) / 2, perImage(16, ALL));
  }

  @Test
  void countsTheValuesThatDoNotFit() {
    double images = 15 * 15 * (24 + 24) * Float.BYTES; // the widest depthwise convolution
    assertTrue(perImage(1, 0) - perImage(1, ALL) >= images);
  }

  /** What fits for one image leaves the cache with eight. */
  @Test
  void growsWhereALargerBatchLeavesTheCache() {
    long cache = 64 << 10;
    assertEquals(perImage(1, ALL), perImage(1, cache));
    assertTrue(perImage(8, cache) > perImage(8, ALL));
  }

  private double perImage(int batch, long cache) {
    return Natives.scoped(() -> {
      Lowering lowering = new Lowering(new Types(program, Precision.F32), batch, new Constants(natives), natives);
      return Traffic.perImage(lowering.lower(program), cache);
    });
  }
}
