package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ParameterFileTest {
  private static final int MAGIC = 3721;

  @TempDir
  private Path folder;

  /** Longer than one buffer, so that a number lies across two. */
  @Test
  void readsArraysByNumber() throws Exception {
    float[] large = new float[100_001];
    for (int i = 0; i < large.length; i++) {
      large[i] = i / 3f;
    }
    ByteBuffer bytes = ByteBuffer.allocate(500_000).putInt(MAGIC).putInt(2);
    bytes.putInt(7).putInt(0).putInt(1).putFloat(2.5f);
    bytes.putInt(-3).putInt(0).putInt(large.length).asFloatBuffer().put(large);
    Map<Integer, float[]> arrays = ParameterFile.read(file(bytes.position(bytes.position() + large.length * 4)));
    assertEquals(Set.of(7, -3), arrays.keySet());
    assertArrayEquals(new float[] {2.5f}, arrays.get(7));
    assertArrayEquals(large, arrays.get(-3));
  }

  @Test
  void leavesOtherTypesToBigDl() throws Exception {
    assertNull(ParameterFile.read(file(ByteBuffer.allocate(24).putInt(MAGIC).putInt(1).putInt(7).putInt(1).putInt(1)
        .putInt(0))));
  }

  @Test
  void refusesWhatBreaksOff() throws Exception {
    ByteBuffer cut = ByteBuffer.allocate(24).putInt(MAGIC).putInt(1).putInt(7).putInt(0).putInt(2).putFloat(1);
    assertThrows(IOException.class, () -> ParameterFile.read(file(cut)));
    assertThrows(IOException.class, () -> ParameterFile.read(file(ByteBuffer.allocate(6).putInt(MAGIC))));
  }

  /** A length that a damaged file claims is not allocated. */
  @Test
  void refusesALengthBeyondTheFile() throws Exception {
    ByteBuffer huge = ByteBuffer.allocate(24).putInt(MAGIC).putInt(1).putInt(7).putInt(0).putInt(Integer.MAX_VALUE);
    assertThrows(IOException.class, () -> ParameterFile.read(file(huge)));
    ByteBuffer negative = ByteBuffer.allocate(24).putInt(MAGIC).putInt(1).putInt(7).putInt(0).putInt(-1);
    assertThrows(IOException.class, () -> ParameterFile.read(file(negative)));
  }

  @Test
  void refusesOtherFiles() throws Exception {
    assertThrows(IOException.class, () -> ParameterFile.read(file(ByteBuffer.allocate(8).putInt(1).putInt(0))));
  }

  private Path file(ByteBuffer bytes) throws IOException {
    byte[] written = new byte[bytes.flip().remaining()];
    bytes.get(written);
    return Files.write(folder.resolve("model.bin"), written);
  }
}
