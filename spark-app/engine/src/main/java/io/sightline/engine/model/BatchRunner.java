package io.sightline.engine.model;

import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.image.ImageRejected;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Classifies the images of one batch, each on its own account: whatever an image contains becomes its outcome, never an
 * exception. For one thread; closing gives the buffers up.
 */
public final class BatchRunner implements AutoCloseable {
  private final Models models;
  private final int maxImageBytes;
  private final Map<Model, ModelRunner> runners = new LinkedHashMap<>();

  public BatchRunner(Models models, int maxImageBytes) {
    this.models = models;
    this.maxImageBytes = maxImageBytes;
  }

  /** Of the bundles that the options name. */
  public static BatchRunner of(ModelOptions options) {
    return new BatchRunner(BundleModels.of(options), options.maxImageBytes());
  }

  /** Classifies or fails every one of {@code items}. */
  public void run(List<Item> items) {
    Map<Model, List<Item>> byModel = byModel(items);
    runners.keySet().retainAll(byModel.keySet()); // the buffers of models that have had their day
    byModel.forEach((model, some) -> {
      if (run(model, some).isPresent()) { // it went after it was found: what is there now does it
        byModel(some).forEach((now, left) -> run(now, left).ifPresent(why -> fail(left, why)));
      }
    });
  }

  /** Those without an outcome, and what is to classify them; fails those that have no model. */
  private Map<Model, List<Item>> byModel(List<Item> items) {
    Map<Model, List<Item>> byModel = new LinkedHashMap<>();
    Map<String, Model> found = new HashMap<>(); // looked up once a batch: a new version is taken up with the next
    for (Item item : items) {
      if (!item.settled() && resolve(item, found)) {
        byModel.computeIfAbsent(item.model(), unused -> new ArrayList<>()).add(item);
      }
    }
    return byModel;
  }

  @Override
  public void close() {
    runners.clear();
  }

  /** Whether the item has a model now; otherwise it has failed. */
  private boolean resolve(Item item, Map<String, Model> found) {
    try {
      if (item.image().length > maxImageBytes) {
        throw tooLarge(item.image().length);
      }
      Model model = found.get(item.asked());
      if (model == null) {
        model = models.resolve(item.asked());
        found.put(item.asked(), model);
      }
      item.found(model);
      return true;
    } catch (ImageRejected rejected) {
      item.fail(Failure.of(rejected));
    } catch (ModelNotUsable unusable) {
      item.fail(unusable.failure());
    } catch (RuntimeException e) {
      item.fail(Failure.internal(e));
    }
    return false;
  }

  private ImageRejected tooLarge(int size) {
    return new ImageRejected(
        ErrorCode.TOO_LARGE, "the image has " + size + " bytes; the limit is " + maxImageBytes);
  }

  /** Classifies or fails all items; where the model has gone, says so and leaves them. */
  private Optional<Failure> run(Model model, List<Item> items) {
    try {
      runners.computeIfAbsent(model, ModelRunner::new).run(items);
    } catch (ModelNotUsable gone) {
      return Optional.of(gone.failure());
    } catch (RuntimeException e) { // a session could not be opened
      fail(items, Failure.internal(e));
    }
    return Optional.empty();
  }

  private static void fail(List<Item> items, Failure why) {
    items.stream().filter(item -> !item.settled()).forEach(item -> item.fail(why));
  }
}
