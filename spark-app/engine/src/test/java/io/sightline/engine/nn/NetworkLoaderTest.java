package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.intel.analytics.bigdl.dllib.nn.Module$;
import io.sightline.engine.bundle.BundleStore;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SameWeights.class)
final class NetworkLoaderTest {
  @TempDir
  private Path models;

  @Test
  void loadsANetworkThroughItsBundle() throws Exception {
    Path folder = Files.createDirectories(models.resolve("lenet/3"));
    NetworkSource source = TestNetworks.lenetSource(folder);
    Files.writeString(folder.resolve("model.json"), """
        {"schema": "sightline.model/1", "name": "lenet", "version": "3",
         "weights": {"format": "bigdl", "definition": "model.bigdl", "parameters": "model.bin"},
         "input": {"channels": 1, "order": "GRAY", "height": 28, "width": 28,
                   "resize": {"rule": "stretch", "size": 28, "interpolation": "bilinear"},
                   "crop": "none", "mean": [127.0], "std": [128.0]},
         "output": "log-probabilities", "labels": ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
         "licence": "none", "origin": "random numbers", "metrics": {},
         "files": {"model.bigdl": "%s", "model.bin": "%s"}}
        """.formatted(sha256(source.definition()), sha256(source.parameters())));
    float[] images = TestNetworks.images(source, 2, 9);
    Network network = BundleStore.shared(models, NetworkOptions.defaults()).resolve("lenet").network();
    assertTrue(network.compiled());
    assertArrayEquals(
        TestNetworks.expected(source, images, 2), TestNetworks.actual(network, images, 2), 1e-5f);
  }

  /** The engine reads the files itself, and tells BigDL to begin with the right weights. */
  @Test
  void loadsWhatBigDlLoads() throws Exception {
    NetworkSource source = TestNetworks.mobileSource(models);
    float[] images = TestNetworks.images(source, 2, 8);
    var loaded = Module$.MODULE$.loadModule(source.definition().toString(), source.parameters().toString(),
        BigDlModule.FLOAT, BigDlModule.NUMERIC);
    try (Runner plain = new BigDlBackend(source, new BigDlModule(loaded)).newRunner()) {
      float[] probabilities = new float[2 * source.outputs()];
      plain.forward(FloatBuffer.wrap(images), 2, probabilities);
      assertArrayEquals(probabilities, TestNetworks.expected(source, images, 2), 1e-6f);
    }
  }

  @Test
  void refusesAnotherNumberOfClasses() throws Exception {
    var source = TestNetworks.save(
        TestNetworks.lenet(), models, new int[] {1, 28, 28}, 7, OutputKind.LOG_PROBABILITIES);
    assertRefused(source, "model.bigdl: cannot classify images of 1 x 28 x 28", "gives 20 values for 2 images, not 7");
  }

  @Test
  void refusesImagesOfAnotherSize() throws Exception {
    var source = TestNetworks.save(
        TestNetworks.mobile(), models, new int[] {4, 30, 30}, 12, OutputKind.PROBABILITIES);
    assertRefused(source, "model.bigdl: cannot classify images of 4 x 30 x 30");
  }

  @Test
  void refusesWhatIsNoBigDlModel() throws Exception {
    NetworkSource source = TestNetworks.lenetSource(models);
    Files.writeString(source.definition(), "not a protobuf");
    assertRefused(source, "model.bigdl: is not a BigDL model");
  }

  @Test
  void refusesWeightsThatBreakOff() throws Exception {
    NetworkSource source = TestNetworks.lenetSource(models);
    byte[] weights = Files.readAllBytes(source.parameters());
    Files.write(source.parameters(), Arrays.copyOf(weights, weights.length / 2));
    assertRefused(source, "model.bigdl: is not a BigDL model");
  }

  /** A compiled network that differs at one batch size only, as BigDL's own mkldnn graphs do. */
  @Test
  void refusesACompiledNetworkThatDiffers() throws Exception {
    NetworkSource source = TestNetworks.lenetSource(models);
    BigDlBackend plain = new BigDlBackend(source, BigDlModule.load(source));
    NetworkLoader loader = new NetworkLoader(source, NetworkOptions.defaults());
    try (Runner referee = plain.newRunner()) {
      SelfCheck check = new SelfCheck(source, referee);
      WrongAt wrong = new WrongAt(16, plain);
      assertNull(loader.checked(wrong, check, "another"));
      assertTrue(wrong.closed);
      WrongAt right = new WrongAt(99, plain);
      assertSame(right, loader.checked(right, check, "another"));
      assertFalse(right.closed);
    }
  }

  /** Gives one image's probabilities for another's in batches of one size. */
  private static final class WrongAt implements Backend {
    private final int batch;
    private final Backend plain;
    private boolean closed;

    WrongAt(int batch, Backend plain) {
      this.batch = batch;
      this.plain = plain;
    }

    @Override
    public Runner newRunner() {
      Runner runner = plain.newRunner();
      return new Runner() {
        @Override
        public void forward(FloatBuffer input, int n, float[] probabilities) {
          runner.forward(input, n, probabilities);
          if (n == batch) {
            System.arraycopy(probabilities, 0, probabilities, 10, 10);
          }
        }

        @Override
        public void close() {
          runner.close();
        }
      };
    }

    @Override
    public List<Integer> batchSizes() {
      return NetworkOptions.defaults().batchSizes();
    }

    @Override
    public long bytes() {
      return 0;
    }

    @Override
    public EngineKind engine() {
      return EngineKind.ONEDNN;
    }

    @Override
    public Precision precision() {
      return Precision.F32;
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private static void assertRefused(NetworkSource source, String... reasons) {
    NetworkException refused =
        assertThrows(NetworkException.class, () -> Network.load(source, NetworkOptions.defaults()));
    for (String reason : reasons) {
      assertTrue(refused.getMessage().contains(reason), refused.getMessage());
    }
  }

  private static String sha256(Path file) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
  }
}
