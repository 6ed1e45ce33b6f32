package io.sightline.engine.nn;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much of the processor's cache one thread can count on while the others are busy. */
final class ProcessorCache {
  /** Where Linux does not tell: what current server processors have at least. */
  static final long UNKNOWN_BYTES = 2L << 20;

  private static final Path FIRST_PROCESSOR = Path.of("/sys/devices/system/cpu/cpu0/cache");

  private ProcessorCache() {}

  /** The largest share: of a processor's own cache, or of one that several processors divide. In bytes. */
  static long bytes() {
    return bytes(FIRST_PROCESSOR);
  }

  /** Of a folder as Linux describes a processor's caches in. */
  static long bytes(Path caches) {
    long largest = 0;
    try (DirectoryStream<Path> levels = Files.newDirectoryStream(caches, "index*")) {
      for (Path level : levels) {
        largest = Math.max(largest, share(level));
      }
    } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
      // Virtual machines may hide them, wholly or in part.
      return UNKNOWN_BYTES;
    }
    return Math.max(largest, UNKNOWN_BYTES);
  }

  private static long share(Path level) throws IOException {
    return size(read(level, "size")) / processors(read(level, "shared_cpu_list"));
  }

  private static String read(Path level, String file) throws IOException {
    return Files.readString(level.resolve(file)).strip();
  }

  /** Of {@code 32768K}: Linux gives cache sizes in KiB. */
  private static long size(String text) {
    return Long.parseLong(text.substring(0, text.length() - 1)) << 10;
  }

  /** Of {@code 0-3,8}. */
  private static int processors(String list) {
    int processors = 0;
    for (String range : list.split(",")) {
      String[] ends = range.split("-");
      processors += Integer.parseInt(ends[ends.length - 1]) - Integer.parseInt(ends[0]) + 1;
    }
    return processors;
  }
}
