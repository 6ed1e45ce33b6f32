package io.sightline.engine.nn;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which code turns a model's files into a program: this engine's by its bytes, BigDL's by its archive. */
final class CodeVersion {
  private static final String BIGDL = "com/intel/analytics/bigdl/dllib/nn/abstractnn/AbstractModule.class";
  private static final Logger LOG = LoggerFactory.getLogger(CodeVersion.class);
  private static final Optional<String> CURRENT = find();

  private CodeVersion() {}

  /** Empty where the code cannot be read, which was logged. */
  static Optional<String> current() {
    return CURRENT;
  }

  private static Optional<String> find() {
    CodeSource own = CodeVersion.class.getProtectionDomain().getCodeSource();
    return of(own == null ? null : own.getLocation(), CodeVersion.class.getClassLoader().getResource(BIGDL));
  }

  /**
   * The version of this code; empty where it cannot be read: class loaders may have no files, or odd names for them.
   *
   * @param own the engine's archive or folder of classes, or null
   * @param bigdl one of BigDL's classes, or null
   */
  static Optional<String> of(URL own, URL bigdl) {
    if (own == null || bigdl == null) {
      return unknown("its class loader does not say where it is");
    }
    try {
      return Optional.of(digest(Path.of(own.toURI())) + " " + archive(bigdl));
    } catch (IOException | URISyntaxException | RuntimeException e) { // file systems refuse URLs as they like, too
      return unknown(e.toString());
    }
  }

  private static Optional<String> unknown(String why) {
    LOG.warn("No start is made faster by what an earlier one kept: the engine's code cannot be read: {}", why);
    return Optional.empty();
  }

  /** Of an archive, or of the classes in a folder. */
  private static String digest(Path code) throws IOException {
    MessageDigest digest = Fingerprint.sha256();
    try (Stream<Path> files = Files.walk(code)) {
      List<Path> classes = files.filter(Files::isRegularFile).sorted().toList();
      for (Path file : classes) {
        digest.update(code.relativize(file).toString().getBytes(StandardCharsets.UTF_8));
        digest.update(Files.readAllBytes(file));
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Its name, which has the version, and its size: reading its 100 MB would take longer than what is saved. */
  private static String archive(URL entry) throws IOException {
    String place = entry.getPath();
    int end = place.indexOf('!');
    Path file = Path.of(URI.create(end < 0 ? "file:" + place : place.substring(0, end)));
    return file.getFileName() + ":" + Files.size(file);
  }
}
