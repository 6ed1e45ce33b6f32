package io.sightline.engine.model;

import io.sightline.engine.bundle.BundleArchive;
import io.sightline.engine.bundle.BundleException;
import io.sightline.engine.bundle.UnknownModelException;
import java.nio.file.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkFiles;

/**
 * Where tasks find bundles: in a folder of their own machine, or in an archive that Spark has brought there and
 * unpacked. Written as one text, the folder's path or {@code archive:NAME}, so that it travels with other options.
 */
public final class ModelFolder {
  private static final String ARCHIVE = "archive:";

  private ModelFolder() {}

  /**
   * Has Spark bring bundles to every executor before its next task, also to executors that come later. What it has
   * brought before, it does not bring again.
   *
   * @param models the folder on the driver
   * @param model name or name@version: the one bundle that it stands for now; null: every sound bundle
   * @return where tasks find them
   * @throws IllegalArgumentException the model is not installed, or its bundle is not sound
   */
  public static String bring(SparkContext context, Path models, String model) {
    try {
      BundleArchive archive = model == null ? BundleArchive.ofAll(models) : BundleArchive.of(models, model);
      add(context, archive);
      return ARCHIVE + archive.name();
    } catch (UnknownModelException | BundleException unusable) {
      throw new IllegalArgumentException(unusable.getMessage(), unusable);
    }
  }

  /** The folder on this machine. */
  static Path here(String location) {
    return location.startsWith(ARCHIVE)
        ? Path.of(SparkFiles.get(location.substring(ARCHIVE.length())))
        : Path.of(location);
  }

  /** The file is in the folder that Spark deletes when the context stops. */
  private static synchronized void add(SparkContext context, BundleArchive archive) throws BundleException {
    String fragment = "#" + archive.name();
    if (!context.listArchives().exists(known -> known.endsWith(fragment))) {
      Path file = archive.write(Path.of(SparkFiles.getRootDirectory()));
      context.addArchive(file.toUri() + fragment);
    }
  }
}
