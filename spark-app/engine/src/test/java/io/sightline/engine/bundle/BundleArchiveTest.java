package io.sightline.engine.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sightline.engine.KeptLog;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BundleArchiveTest {
  @TempDir
  private Path models;

  @TempDir
  private Path elsewhere;

  @BeforeEach
  void install() throws IOException {
    Bundles.write(models, "pets", "2");
    Bundles.write(models, "pets", "10");
    Bundles.write(models, "birds", "1");
  }

  @Test
  void isAModelsFolderWithTheBundleThatWasAskedFor() throws Exception {
    Path unpacked = unpack(BundleArchive.of(models, "pets"));
    assertEquals("pets@10", Bundle.read(unpacked.resolve("pets/10")).id().toString());
    try (var children = Files.walk(unpacked).filter(Files::isRegularFile)) {
      assertEquals(3, children.count());
    }
  }

  /** A half-copied new version used to refuse every call, where the old one goes on elsewhere. */
  @Test
  void passesOverAVersionThatIsNotSound() throws Exception {
    Files.delete(models.resolve("pets/10/model.bin"));
    assertEquals("pets@2", Bundle.read(unpack(BundleArchive.of(models, "pets")).resolve("pets/2")).id().toString());
    Files.delete(models.resolve("pets/2/model.bin"));
    BundleException refused = assertThrows(BundleException.class, () -> BundleArchive.of(models, "pets"));
    assertTrue(refused.getMessage().contains("pets/10/model.bin"), refused.getMessage());
  }

  /** Half an archive used to stay behind in the folder. */
  @Test
  void leavesNothingWhereItCannotBeWritten() throws Exception {
    BundleArchive archive = BundleArchive.of(models, "pets");
    Files.createDirectories(elsewhere.resolve(archive.name() + ".zip/full"));
    assertThrows(BundleException.class, () -> archive.write(elsewhere));
    try (var left = Files.list(elsewhere)) {
      assertEquals(1, left.count());
    }
  }

  @Test
  void takesAVersionByItsNumber() throws Exception {
    Path unpacked = unpack(BundleArchive.of(models, "pets@2"));
    assertEquals("pets@2", Bundle.read(unpacked.resolve("pets/2")).id().toString());
  }

  @Test
  void holdsAllBundlesButTheBadOnes() throws Exception {
    Files.writeString(models.resolve("pets/10/model.bin"), "of another model");
    Files.createDirectories(models.resolve("pets/11")); // being copied: no model.json yet
    Path unpacked = unpack(BundleArchive.ofAll(models));
    assertEquals("birds@1", Bundle.read(unpacked.resolve("birds/1")).id().toString());
    assertEquals("pets@2", Bundle.read(unpacked.resolve("pets/2")).id().toString());
    assertTrue(Files.notExists(unpacked.resolve("pets/10")));
  }

  /** Spark never takes another file under a name that it has carried already. */
  @Test
  void isNamedAfterItsContents() throws Exception {
    String name = BundleArchive.of(models, "pets").name();
    assertEquals(name, BundleArchive.of(models, "pets@10").name());
    assertNotEquals(name, BundleArchive.of(models, "pets@2").name());
    String all = BundleArchive.ofAll(models).name();
    Bundles.write(models, "pets", "10", json -> json.put("licence", "MIT"));
    assertNotEquals(name, BundleArchive.of(models, "pets@10").name());
    assertNotEquals(all, BundleArchive.ofAll(models).name());
  }

  @Test
  void refusesABundleWhoseFilesAreOthers() throws Exception {
    Files.writeString(models.resolve("pets/10/model.bin"), "of another model");
    BundleException refused = assertThrows(BundleException.class, () -> BundleArchive.of(models, "pets@10"));
    assertTrue(refused.getMessage().contains("model.bin: SHA-256 is "), refused.getMessage());
  }

  /** Each statement on a cluster hashed all weights anew, though nothing had changed. */
  @Test
  void hashesFilesOnceForAsLongAsTheyLookTheSame() throws Exception {
    Path weights = models.resolve("pets/10/model.bin");
    BundleArchive.of(models, "pets@10");
    FileTime time = Files.getLastModifiedTime(weights);
    Files.writeString(weights, Files.readString(weights).toUpperCase(Locale.ROOT));
    Files.setLastModifiedTime(weights, time);
    BundleArchive.of(models, "pets@10");
    Files.setLastModifiedTime(weights, FileTime.fromMillis(time.toMillis() + 1));
    assertThrows(BundleException.class, () -> BundleArchive.of(models, "pets@10"));
  }

  /** Each statement hashed a bad version's weights anew, and logged a line. */
  @Test
  void looksAtABadBundleAgainWhenItLooksOtherwise() throws Exception {
    Path weights = models.resolve("pets/10/model.bin");
    String sound = Files.readString(weights);
    Files.writeString(weights, sound.toUpperCase(Locale.ROOT));
    FileTime time = Files.getLastModifiedTime(weights);
    try (KeptLog log = new KeptLog(CheckedBundles.class)) {
      String other = BundleArchive.of(models, "pets").name();
      Files.writeString(weights, sound);
      Files.setLastModifiedTime(weights, time);
      assertEquals(other, BundleArchive.of(models, "pets").name());
      assertThrows(BundleException.class, () -> BundleArchive.of(models, "pets@10"));
      BundleArchive.ofAll(models);
      assertEquals(1, log.events().size());
    }
    Files.setLastModifiedTime(weights, FileTime.fromMillis(time.toMillis() + 1));
    assertEquals(BundleArchive.of(models, "pets@10").name(), BundleArchive.of(models, "pets").name());
  }

  /** A file that gets its rights back looks as it did; so does, here, one where a folder was. */
  @Test
  void triesAFileAgainThatCouldNotBeRead() throws Exception {
    Path folder = Files.createDirectory(elsewhere.resolve("folder"));
    Path file = Files.writeString(elsewhere.resolve("file"), "x".repeat((int) Files.size(folder)));
    Files.setLastModifiedTime(file, Files.getLastModifiedTime(folder));
    String digest = Digest.sha256(file);
    Path weights = Bundles.write(models, "pets", "12", json -> ((ObjectNode) json.get("files")).put("model.bin", digest))
        .resolve("model.bin");
    Files.delete(weights);
    Files.move(folder, weights);
    assertThrows(BundleException.class, () -> BundleArchive.of(models, "pets@12"));
    Files.delete(weights);
    Files.move(file, weights);
    BundleArchive.of(models, "pets@12");
  }

  @Test
  void refusesModelsThatAreNotInstalled() {
    for (String reference : new String[] {"cats", "pets@3", "../models/pets"}) {
      UnknownModelException refused =
          assertThrows(UnknownModelException.class, () -> BundleArchive.of(models, reference));
      assertTrue(refused.getMessage().contains(reference), refused.getMessage());
    }
    assertThrows(BundleException.class, () -> BundleArchive.ofAll(models.resolve("nowhere")));
  }

  private Path unpack(BundleArchive archive) throws Exception {
    Path file = archive.write(elsewhere);
    assertEquals(archive.name() + ".zip", file.getFileName().toString());
    Path folder = elsewhere.resolve("unpacked");
    for (Map.Entry<String, byte[]> entry : entries(file).entrySet()) {
      Path target = folder.resolve(entry.getKey());
      Files.createDirectories(target.getParent());
      Files.write(target, entry.getValue());
    }
    return folder;
  }

  private static Map<String, byte[]> entries(Path file) throws IOException {
    Map<String, byte[]> entries = new TreeMap<>();
    try (InputStream in = Files.newInputStream(file); ZipInputStream zip = new ZipInputStream(in)) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        entries.put(entry.getName(), zip.readAllBytes());
      }
    }
    return entries;
  }
}
