package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CodeVersionTest {
  @TempDir
  private Path folder;

  private Path own;
  private URL bigdl;

  @BeforeEach
  void write() throws Exception {
    own = Files.writeString(folder.resolve("an engine.jar"), "code");
    bigdl = new URL("jar:" + Files.writeString(folder.resolve("big dl.jar"), "four").toUri() + "!/A.class");
  }

  @Test
  void thisCodeHasOne() {
    assertTrue(CodeVersion.current().isPresent());
  }

  @Test
  void followsTheEnginesBytesAndBigDlsArchive() throws Exception {
    String before = CodeVersion.of(own.toUri().toURL(), bigdl).orElseThrow();
    assertTrue(before.endsWith(" big dl.jar:4"), before);
    Files.writeString(own, "kode");
    assertNotEquals(before, CodeVersion.of(own.toUri().toURL(), bigdl).orElseThrow());
  }

  /** An archive within an archive, a server, a file that has gone: each once failed the load of every model. */
  @Test
  void isUnknownWhereTheCodeCannotBeRead() throws Exception {
    URL readable = own.toUri().toURL();
    for (String place : new String[] {"jar:file:/a.jar!/b.jar", "http://host/a.jar", "file:/no such/a.jar"}) {
      assertEquals(Optional.empty(), CodeVersion.of(new URL(place), bigdl), place);
    }
    for (String place : new String[] {"jar:http://host/a.jar!/A.class", "jar:file:/no/a.jar!/A.class"}) {
      assertEquals(Optional.empty(), CodeVersion.of(readable, new URL(place)), place);
    }
    assertEquals(Optional.empty(), CodeVersion.of(null, bigdl));
    assertEquals(Optional.empty(), CodeVersion.of(readable, null));
  }
}
