package io.sightline.engine.stream;

import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.image.ImageRejected;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Classifies the records of one batch, each on its own account: whatever a record contains becomes its outcome, never
 * an exception. For one thread; closing gives the sessions back.
 */
final class BatchClassifier implements AutoCloseable {
  private final Models models;
  private final StreamOptions options;
  private final Map<Model, ModelRunner> runners = new LinkedHashMap<>();

  BatchClassifier(Models models, StreamOptions options) {
    this.models = models;
    this.options = options;
  }

  /** The outcome of each record, in the order of {@code records}. */
  List<Outcome> classify(List<ImageRecord> records) {
    List<Item> items = new ArrayList<>(records.size());
    Map<Model, List<Item>> byModel = new LinkedHashMap<>();
    Map<String, Model> found = new HashMap<>(); // looked up once a batch: a new version is taken up with the next
    for (ImageRecord record : records) {
      Item item = new Item(record);
      items.add(item);
      Model model = resolve(item, found);
      if (model != null) {
        byModel.computeIfAbsent(model, unused -> new ArrayList<>()).add(item);
      }
    }
    byModel.forEach(this::run);
    return items.stream().map(Item::outcome).toList();
  }

  @Override
  public void close() {
    runners.values().forEach(ModelRunner::close);
    runners.clear();
  }

  /** The item's model, or null: the item has failed. */
  private Model resolve(Item item, Map<String, Model> found) {
    String asked = item.record().text("model");
    String reference = asked == null ? options.defaultModel() : asked;
    item.asked(reference);
    try {
      if (item.record().value().length > options.maxImageBytes()) {
        throw tooLarge(item.record());
      }
      Model model = found.get(reference);
      if (model == null) {
        model = models.resolve(reference);
        found.put(reference, model);
      }
      item.found(model);
      return model;
    } catch (ImageRejected rejected) {
      item.fail(Failure.of(rejected));
    } catch (ModelNotUsable unusable) {
      item.fail(unusable.failure());
    } catch (RuntimeException e) {
      item.fail(Failure.internal(e));
    }
    return null;
  }

  private ImageRejected tooLarge(ImageRecord record) {
    int size = record.value().length;
    return new ImageRejected(
        ErrorCode.TOO_LARGE, "the image has " + size + " bytes; the limit is " + options.maxImageBytes());
  }

  private void run(Model model, List<Item> items) {
    try {
      runners.computeIfAbsent(model, ModelRunner::new).run(items);
    } catch (RuntimeException e) { // a session could not be opened
      items.stream().filter(item -> !item.settled()).forEach(item -> item.fail(Failure.internal(e)));
    }
  }
}
