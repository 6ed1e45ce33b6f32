package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProcessorCacheTest {
  @TempDir
  private Path caches;

  @Test
  void takesAnEqualShareOfWhatProcessorsDivide() throws Exception {
    level(0, "48K", "0");
    level(2, "2048K", "0,64");
    level(3, "107520K", "0-13,64-77");
    assertEquals((107_520L << 10) / 28, ProcessorCache.bytes(caches));
  }

  @Test
  void takesAProcessorsOwnWhereThatIsMore() throws Exception {
    level(2, "4096K", "0");
    level(3, "8192K", "0-7");
    assertEquals(4L << 20, ProcessorCache.bytes(caches));
  }

  @Test
  void countsOnAServersLeastWhereLinuxDoesNotTell() throws Exception {
    assertEquals(ProcessorCache.UNKNOWN_BYTES, ProcessorCache.bytes(caches.resolve("none")));
    level(3, "", "0");
    assertEquals(ProcessorCache.UNKNOWN_BYTES, ProcessorCache.bytes(caches));
  }

  @Test
  void readsThisProcessor() {
    assertTrue(ProcessorCache.bytes() >= ProcessorCache.UNKNOWN_BYTES);
  }

  private void level(int index, String size, String processors) throws IOException {
    Path level = Files.createDirectories(caches.resolve("index" + index));
    Files.writeString(level.resolve("size"), size + "\n");
    Files.writeString(level.resolve("shared_cpu_list"), processors + "\n");
  }
}
