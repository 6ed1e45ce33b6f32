package io.sightline.engine.bundle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** How the files of a folder look from outside: while none of it changes, nor will what a reader makes of them. */
record Stamp(Set<String> files) {

  /** Empty where the folder cannot be listed. */
  static Stamp of(Path folder) {
    Set<String> files = new TreeSet<>();
    try (Stream<Path> children = Files.list(folder)) {
      for (Path child : (Iterable<Path>) children::iterator) {
        BasicFileAttributes found = Files.readAttributes(child, BasicFileAttributes.class);
        files.add(child.getFileName() + " " + found.size() + " " + found.lastModifiedTime().toMillis());
      }
    } catch (IOException | UncheckedIOException e) {
      return new Stamp(Set.of());
    }
    return new Stamp(files);
  }
}
