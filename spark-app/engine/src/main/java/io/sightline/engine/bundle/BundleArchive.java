package io.sightline.engine.bundle;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Bundles as one zip file for machines that have no models folder: unpacked, it is one. */
public final class BundleArchive {
  /** 64 bits: two archives of one run never share a name, and paths stay short. */
  private static final int NAME_DIGITS = 16;

  private final List<Bundle> bundles;
  private final String name;

  private BundleArchive(List<Bundle> bundles) throws BundleException {
    this.bundles = List.copyOf(bundles);
    this.name = "sightline-models-" + digest(bundles).substring(0, NAME_DIGITS);
  }

  /**
   * The one bundle that {@code reference} ({@code name} or {@code name@version}) stands for at this moment.
   *
   * @throws UnknownModelException if no such model or version is installed, or the reference is not a model name
   * @throws BundleException if it is installed but one of its files is not what it should be
   */
  public static BundleArchive of(Path models, String reference) throws UnknownModelException, BundleException {
    ModelName wanted = ModelName.parse(reference).orElseThrow(
        () -> new UnknownModelException("\"" + reference + "\" is not a model's NAME or NAME@VERSION"));
    Bundle bundle = new Versions(models).read(wanted).orElseThrow(
        () -> new UnknownModelException("model " + wanted + " is not installed in " + models));
    return new BundleArchive(List.of(bundle));
  }

  /**
   * Every bundle of the folder whose files are what they should be; of others a line is logged once.
   *
   * @throws BundleException if the folder cannot be listed
   */
  public static BundleArchive ofAll(Path models) throws BundleException {
    List<Bundle> sound = new ArrayList<>();
    for (Path folder : installed(models)) {
      try {
        sound.add(CheckedBundles.read(folder));
      } catch (BundleException bad) {
        CheckedBundles.passOver(folder, bad);
      }
    }
    return new BundleArchive(sound);
  }

  /** A file name that other contents do not have. */
  public String name() {
    return name;
  }

  /**
   * Writes NAME.zip into {@code folder}, whole or not at all.
   *
   * @return the file
   * @throws BundleException if a file cannot be read or written
   */
  public Path write(Path folder) throws BundleException {
    Path file = folder.resolve(name + ".zip");
    try {
      Path half = Files.createTempFile(folder, name, ".part");
      try {
        zip(half);
        return Files.move(half, file, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(half); // where it was not moved
      }
    } catch (IOException | UncheckedIOException e) {
      throw new BundleException(file + ": cannot be written: " + e, e);
    }
  }

  private static List<Path> installed(Path models) throws BundleException {
    try (Stream<Path> folders = Files.find(models, 2, (path, is) -> is.isDirectory())) {
      return folders.filter(folder -> Files.isRegularFile(folder.resolve(BundleReader.MODEL_JSON))).sorted().toList();
    } catch (IOException | UncheckedIOException e) {
      throw new BundleException(models + ": cannot be listed: " + e, e);
    }
  }

  private void zip(Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file); ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.setLevel(Deflater.BEST_SPEED); // weights hardly shrink
      for (Bundle bundle : bundles) {
        add(zip, bundle);
      }
    }
  }

  private static void add(ZipOutputStream zip, Bundle bundle) throws IOException {
    for (Path file : files(bundle)) {
      zip.putNextEntry(new ZipEntry(String.join("/", bundle.name(), bundle.version(), file.getFileName().toString())));
      Files.copy(file, zip);
      zip.closeEntry();
    }
  }

  private static List<Path> files(Bundle bundle) throws IOException {
    try (Stream<Path> children = Files.list(bundle.directory())) {
      return children.filter(Files::isRegularFile).sorted().toList();
    }
  }

  /** Of every {@code model.json}, which has the digests of the bundle's other files in it. */
  private static String digest(List<Bundle> bundles) throws BundleException {
    StringBuilder digests = new StringBuilder();
    for (Bundle bundle : bundles.stream().sorted(Comparator.comparing(Bundle::directory)).toList()) {
      Path json = bundle.directory().resolve(BundleReader.MODEL_JSON);
      try {
        digests.append(bundle.id()).append(' ').append(Digest.sha256(json)).append('\n');
      } catch (IOException e) {
        throw new BundleException(json + ": cannot be read: " + e, e);
      }
    }
    return Digest.sha256(digests.toString());
  }
}
