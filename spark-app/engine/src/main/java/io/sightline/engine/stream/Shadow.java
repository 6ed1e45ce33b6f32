package io.sightline.engine.stream;

import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.model.Ask;
import io.sightline.engine.model.BatchRunner;
import io.sightline.engine.model.Item;
import io.sightline.engine.model.Model;
import io.sightline.engine.model.ModelNotUsable;
import io.sightline.engine.model.Models;
import io.sightline.engine.model.Prediction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32;
import org.apache.spark.TaskContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Classifies a share of the images once more, by a second model, and counts how far it agrees: never a result, and
 * nothing that hurts one. For one thread.
 *
 * <p>Compares images that the default model classified: those that name another model may have other labels.
 */
final class Shadow implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Shadow.class);
  private static final double RANGE = 1L << 32;

  /** The JVM's: each task would say the same. */
  private static final AtomicReference<String> SAID = new AtomicReference<>("");

  private final Models models;
  private final ShadowOptions options;
  private final String defaultName;
  private final BatchRunner runner;
  private final ShadowCounts counts;
  private final List<Taken> pending = new ArrayList<>();

  private record Taken(byte[] image, Prediction first) {}

  /** Only what is loaded: nobody waits for a shadow. */
  private record Loaded(Models models) implements Models {
    @Override
    public Model resolve(String reference) throws ModelNotUsable {
      return find(reference).orElseThrow(
          () -> new ModelNotUsable(ErrorCode.MODEL_UNAVAILABLE, "model " + reference + " had to make room"));
    }

    @Override
    public Optional<Model> find(String reference) throws ModelNotUsable {
      return models.find(reference);
    }
  }

  Shadow(Models models, StreamOptions options, ShadowCounts counts) {
    this.models = models;
    this.options = options.shadow() == null ? new ShadowOptions("", 0) : options.shadow();
    this.defaultName = nameOf(options.defaultModel());
    this.runner = new BatchRunner(new Loaded(models), options.maxImageBytes());
    this.counts = counts;
  }

  /** Notes what of a batch is to be compared. */
  void take(List<ImageRecord> batch, List<Outcome> outcomes) {
    for (int i = 0; options.share() > 0 && i < batch.size(); i++) {
      Outcome outcome = outcomes.get(i);
      boolean comparable = outcome.failure() == null && outcome.classifier().name().equals(defaultName)
          && !options.model().equals(defaultName + "@" + outcome.classifier().version());
      if (comparable && isTaken(batch.get(i).id(), options.share())) {
        pending.add(new Taken(batch.get(i).value(), outcome.predictions().get(0)));
      }
    }
  }

  /** Compares what was noted: to be called when the results of the images are on their way. */
  void run() {
    if (pending.isEmpty()) {
      return;
    }
    List<Taken> taken = List.copyOf(pending);
    pending.clear();
    try {
      compare(taken);
    } catch (ModelNotUsable e) {
      fail(taken, e.getMessage());
    } catch (RuntimeException e) {
      fail(taken, e.toString());
    }
  }

  @Override
  public void close() {
    pending.clear();
    runner.close();
  }

  /** The same images each time, and independent of the order in which they come. */
  static boolean isTaken(String id, double share) {
    CRC32 hash = new CRC32();
    hash.update(id.getBytes(StandardCharsets.UTF_8));
    return hash.getValue() < share * RANGE;
  }

  private void compare(List<Taken> taken) throws ModelNotUsable {
    TaskContext task = TaskContext.get();
    if (task != null && task.isInterrupted() || models.find(options.model()).isEmpty()) {
      return; // the task is to end, or the model is being loaded: nobody waits for that
    }
    long start = System.nanoTime();
    List<Item> items = taken.stream().map(one -> new Item(one.image(), Ask.of(options.model()))).toList();
    runner.run(items);
    counts.took(System.nanoTime() - start);
    for (int i = 0; i < items.size(); i++) {
      compare(taken.get(i).first(), items.get(i));
    }
  }

  private void compare(Prediction shown, Item item) {
    if (item.failure() != null) {
      counts.failed(1);
      say(item.failure().detail());
      return;
    }
    List<Prediction> found = item.predictions();
    double probability = found.stream().filter(one -> one.label().equals(shown.label()))
        .mapToDouble(Prediction::probability).findFirst().orElse(0); // below those of the first labels
    counts.compared(found.get(0).label().equals(shown.label()), Math.abs(shown.probability() - probability));
  }

  private void fail(List<Taken> taken, String reason) {
    counts.failed(taken.size());
    say(reason);
  }

  private void say(String reason) {
    if (!reason.equals(SAID.getAndSet(reason))) {
      LOG.warn("The shadow {} cannot be compared: {}", options.model(), reason);
    }
  }

  private static String nameOf(String reference) {
    return reference.split("@", 2)[0];
  }
}
