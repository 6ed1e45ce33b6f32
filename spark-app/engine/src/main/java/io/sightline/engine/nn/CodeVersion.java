package io.sightline.engine.nn;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** Which code turns a model's files into a program: this engine's by its bytes, BigDL's by its archive. */
final class CodeVersion {
  private static final String BIGDL = "com/intel/analytics/bigdl/dllib/nn/abstractnn/AbstractModule.class";
  private static final String CURRENT = find();

  private CodeVersion() {}

  static String current() {
    return CURRENT;
  }

  private static String find() {
    try {
      Path own = Path.of(CodeVersion.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      return digest(own) + " " + archive(CodeVersion.class.getClassLoader().getResource(BIGDL));
    } catch (IOException | URISyntaxException e) {
      throw new IllegalStateException("the engine's own code cannot be read", e);
    }
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
