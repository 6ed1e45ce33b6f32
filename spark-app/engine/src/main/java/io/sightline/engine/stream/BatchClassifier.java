package io.sightline.engine.stream;

import io.sightline.engine.model.Ask;
import io.sightline.engine.model.BatchRunner;
import io.sightline.engine.model.Item;
import io.sightline.engine.model.Models;
import java.util.ArrayList;
import java.util.List;

/** Classifies the records of one batch. For one thread; closing gives the buffers up. */
final class BatchClassifier implements AutoCloseable {
  private final StreamOptions options;
  private final BatchRunner runner;

  BatchClassifier(Models models, StreamOptions options) {
    this.options = options;
    this.runner = new BatchRunner(models, options.maxImageBytes());
  }

  /** The outcome of each record, in the order of {@code records}. */
  List<Outcome> classify(List<ImageRecord> records) {
    long taken = System.currentTimeMillis();
    List<Item> items = records.stream().map(this::item).toList();
    runner.run(items);
    List<Outcome> outcomes = new ArrayList<>(records.size());
    for (int i = 0; i < records.size(); i++) {
      double queue = Math.max(0, taken - records.get(i).origin().timestamp());
      outcomes.add(Outcome.of(items.get(i), queue));
    }
    return outcomes;
  }

  @Override
  public void close() {
    runner.close();
  }

  private Item item(ImageRecord record) {
    String asked = record.text("model");
    return new Item(record.value(), Ask.of(asked == null ? options.defaultModel() : asked));
  }
}
