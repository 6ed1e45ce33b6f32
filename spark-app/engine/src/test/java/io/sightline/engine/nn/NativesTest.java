package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.bytedeco.dnnl.memory;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SameWeights.class)
final class NativesTest {
  @TempDir
  private Path folder;

  @Test
  void outlivesItsScopeUntilItIsClosed() {
    Natives natives = new Natives();
    FloatPointer owned = Natives.scoped(() -> natives.own(new FloatPointer(8)));
    assertFalse(owned.isNull());
    natives.close();
    assertTrue(owned.isNull());
  }

  @Test
  void freesWhatNobodyOwns() {
    memory.desc desc = Natives.scoped(() -> Dnnl.plain(2, 3));
    assertTrue(desc.isNull());
  }

  /** Everything a network made is freed by closing it, not whenever the garbage collector comes by. */
  @Test
  void leavesNothingBehindAClosedNetwork() throws Exception {
    NetworkSource source = TestNetworks.mobileSource(folder);
    Program program = Optimiser.optimise(ModuleImporter.read(BigDlModule.load(source), source));
    float[] images = TestNetworks.images(source, 17, 1);
    useAndClose(source, program, images); // creates the engine, which stays
    long before = pointers();
    for (int i = 0; i < 3; i++) {
      useAndClose(source, program, images);
    }
    assertTrue(pointers() <= before);
  }

  /**
   * Native objects that are not freed yet, in the whole JVM. Hold later counts to {@code <=} this one: the garbage
   * collector frees at any time what the threads of other tests left.
   */
  static long pointers() {
    return Pointer.totalCount();
  }

  private static void useAndClose(NetworkSource source, Program program, float[] images) {
    Backend backend = DnnlBackend.compile(source, program, NetworkOptions.defaults().batchSizes(),
        new Types(program, Precision.F32));
    try (Network network = new Network(source, backend, 2)) {
      TestNetworks.actual(network, images, 17);
      TestNetworks.actual(network, images, 3);
    }
  }
}
