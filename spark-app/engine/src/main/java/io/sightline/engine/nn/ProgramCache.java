package io.sightline.engine.nn;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a network's program and BigDL's answers for the next start, which then needs no BigDL: half of the load. Used
 * only for the very files, settings and code they were made from; and what is compiled is held against BigDL's answers
 * at each start, kept or not.
 *
 * <p>Who can write to the folder can change what a network answers, as with the folder of the models.
 */
final class ProgramCache {
  private static final Logger LOG = LoggerFactory.getLogger(ProgramCache.class);
  private static final String SUFFIX = ".program";

  private final Path file;
  private final String key;

  private ProgramCache(Path file, String key) {
    this.file = file;
    this.key = key;
  }

  /** Empty where nothing is to be kept, or nobody can say what the network's files contain or which code reads them. */
  static Optional<ProgramCache> of(NetworkSource source, NetworkOptions options) {
    if (options.cache().isEmpty() || source.digest().isEmpty() || options.engine() != EngineKind.ONEDNN) {
      return Optional.empty();
    }
    Optional<String> code = CodeVersion.current();
    if (code.isEmpty()) {
      return Optional.empty();
    }
    String key = String.join(" ", code.get(), source.digest().get(), String.valueOf(source.channels()),
        String.valueOf(source.height()), String.valueOf(source.width()), String.valueOf(source.outputs()),
        source.output().name(),
        options.features().toString());
    return Optional.of(new ProgramCache(file(source.name(), options), key));
  }

  /** Whether there is something of the network of this name; whether it still holds is open. */
  static boolean has(String name, NetworkOptions options) {
    return options.cache().isPresent() && Files.exists(file(name, options));
  }

  Optional<KeptProgram> get() {
    try {
      return Files.exists(file) ? KeptProgram.read(file, key) : Optional.empty();
    } catch (IOException | RuntimeException e) {
      LOG.warn("{} cannot be used, and is made again: {}", file, e.toString());
      return Optional.empty();
    }
  }

  /** Where it cannot be kept, the next start takes as long as this one. */
  void put(KeptProgram program) {
    try {
      Files.createDirectories(file.getParent());
      Path whole = Files.createTempFile(file.getParent(), file.getFileName().toString(), ".part");
      try {
        program.write(whole, key);
        Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(whole);
      }
    } catch (IOException | RuntimeException e) { // the network is loaded already: nothing may take that back
      LOG.info("{} cannot be written, so the next start takes as long as this one: {}", file, e.toString());
    }
  }

  private static Path file(String name, NetworkOptions options) {
    String layer = options.features().map(features -> ".features-" + features.key()).orElse("");
    return options.cache().orElseThrow().resolve(name + layer + SUFFIX);
  }
}
