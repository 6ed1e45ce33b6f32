package io.sightline.engine.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sightline.engine.image.ErrorCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A version that was removed under load took whole batches of images to the dead letters. */
final class RemovedVersionTest {
  @TempDir
  private Path models;

  private Path newest;
  private BundleModels real;

  @BeforeEach
  void install() throws IOException {
    Digits.copy(models, "pets", "1");
    newest = Digits.copy(models, "pets", "2");
    real = BundleModels.of(Digits.options(models, "pets", Long.MAX_VALUE));
  }

  @Test
  void theBatchThatIsBeingDecodedKeepsIt() {
    Item item = classify("pets", "prepare");
    assertNull(item.failure());
    assertTrue(item.predictions().get(0).label().startsWith("pets@2 "), item.predictions().toString());
  }

  @Test
  void theBatchThatHasFoundItTakesTheVersionBelow() {
    Item item = classify("pets", "open");
    assertNull(item.failure());
    assertTrue(item.predictions().get(0).label().startsWith("pets@1 "), item.predictions().toString());
    assertEquals("1", item.model().version());
  }

  @Test
  void whoAskedForItIsToldThatItIsGone() {
    assertEquals(ErrorCode.UNKNOWN_MODEL, classify("pets@2", "open").failure().code());
  }

  /** The version goes when the batch runner calls this method of its model. */
  private Item classify(String reference, String method) {
    Item item = new Item(Digits.IMAGE, Ask.of(reference));
    try (BatchRunner runner = new BatchRunner(new Removing(method), 1 << 20)) {
      runner.run(List.of(item));
    }
    return item;
  }

  private void remove() {
    try {
      Files.deleteIfExists(newest.resolve("model.json"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ModelNotUsable gone = assertThrows(ModelNotUsable.class, () -> real.find("pets@2")); // a look, which sweeps
    assertEquals(ErrorCode.UNKNOWN_MODEL, gone.failure().code());
  }

  private final class Removing implements Models {
    private final String method;

    Removing(String method) {
      this.method = method;
    }

    @Override
    public Model resolve(String reference) throws ModelNotUsable {
      Model model = real.resolve(reference);
      return (Model) Proxy.newProxyInstance(
          Model.class.getClassLoader(), new Class<?>[] {Model.class},
          (proxy, called, arguments) -> {
            if (called.getName().equals(method)) {
              remove();
            }
            try {
              return called.invoke(model, arguments);
            } catch (InvocationTargetException e) {
              throw e.getCause();
            }
          });
    }

    @Override
    public Optional<Model> find(String reference) throws ModelNotUsable {
      return Optional.of(resolve(reference));
    }
  }
}
