package io.sightline.engine.bundle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/** The versions of one model that are installed in a models folder. */
final class Versions {
  private final Path models;

  Versions(Path models) {
    this.models = models;
  }

  /** The highest version with a model.json; empty when the model is not installed. */
  Optional<String> highest(String name) throws BundleException {
    Path folder = models.resolve(name);
    try (Stream<Path> children = Files.list(folder)) {
      return children
          .filter(child -> Files.isRegularFile(child.resolve(BundleReader.MODEL_JSON)))
          .map(child -> child.getFileName().toString())
          .filter(ModelName::isVersion)
          .max(Comparator.comparingInt(Integer::parseInt));
    } catch (NoSuchFileException | NotDirectoryException e) {
      return Optional.empty();
    } catch (IOException | UncheckedIOException e) {
      throw new BundleException(folder + ": cannot be listed: " + e, e);
    }
  }

  boolean exists(ModelName id) {
    return Files.isRegularFile(folder(id).resolve(BundleReader.MODEL_JSON));
  }

  Path folder(ModelName id) {
    return models.resolve(id.name()).resolve(id.version());
  }
}
