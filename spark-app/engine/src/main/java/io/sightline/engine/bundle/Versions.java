package io.sightline.engine.bundle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The versions of one model that are installed in a models folder. */
final class Versions {
  private final Path models;

  Versions(Path models) {
    this.models = models;
  }

  /** The versions with a model.json, the highest first; none when the model is not installed. */
  List<ModelName> descending(ModelName model) throws BundleException {
    Path folder = models.resolve(model.name());
    try (Stream<Path> children = Files.list(folder)) {
      return children
          .filter(child -> Files.isRegularFile(child.resolve(BundleReader.MODEL_JSON)))
          .map(child -> child.getFileName().toString())
          .filter(ModelName::isVersion)
          .sorted(Comparator.comparingInt((String version) -> Integer.parseInt(version)).reversed())
          .map(model::at)
          .toList();
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    } catch (IOException | UncheckedIOException e) {
      throw new BundleException(folder + ": cannot be listed: " + e, e);
    }
  }

  /**
   * The bundle that {@code wanted} stands for in a plan: without a version the highest that is sound, and of those
   * passed over a line is logged once. Empty when it is not installed.
   *
   * @throws BundleException there are some, and none is sound
   */
  Optional<Bundle> read(ModelName wanted) throws BundleException {
    if (wanted.version() != null) {
      return exists(wanted) ? Optional.of(CheckedBundles.read(folder(wanted))) : Optional.empty();
    }
    BundleException highest = null;
    for (ModelName id : descending(wanted)) {
      try {
        return Optional.of(CheckedBundles.read(folder(id)));
      } catch (BundleException bad) {
        CheckedBundles.passOver(folder(id), bad);
        highest = highest == null ? bad : highest;
      }
    }
    if (highest != null) {
      throw highest;
    }
    return Optional.empty();
  }

  boolean exists(ModelName id) {
    return Files.isRegularFile(folder(id).resolve(BundleReader.MODEL_JSON));
  }

  /** False also where nobody can say whether it is. */
  boolean isGone(ModelName id) {
    return Files.notExists(folder(id).resolve(BundleReader.MODEL_JSON));
  }

  Path folder(ModelName id) {
    return models.resolve(id.name()).resolve(id.version());
  }
}
