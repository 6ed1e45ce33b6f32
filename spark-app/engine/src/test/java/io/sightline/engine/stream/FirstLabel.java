package io.sightline.engine.stream;

import io.sightline.engine.model.BundleModels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * How soon a fresh JVM names its first image, and what memory it holds afterwards; for bench/engine. {@code FirstLabel
 * OPTIONS_JSON FILES_FOLDER THREADS IMAGES MODEL...} classifies one image with each model in turn, then IMAGES with the
 * first model in THREADS. Prints {@code bench label MODEL LABEL MS RSS_KB}, the milliseconds since the first
 * instruction for the first model and since the one before for others, then {@code bench rss IMAGES RSS_KB}.
 */
public final class FirstLabel {
  private static final int SAMPLE_EVERY = 500;

  private final StreamOptions options;
  private final List<byte[]> files;
  private final AtomicLong taken = new AtomicLong();

  private FirstLabel(StreamOptions options, Path folder) throws IOException {
    this.options = options;
    this.files = read(folder);
  }

  public static void main(String[] args) throws Exception {
    long start = System.nanoTime();
    FirstLabel program = new FirstLabel(StreamOptions.parse(args[0]), Path.of(args[1]));
    for (String model : List.of(args).subList(4, args.length)) {
      String label = program.label(model);
      long now = System.nanoTime();
      System.out.printf("bench label %s %s %d %d%n", model, label.replace(' ', '_'), (now - start) / 1_000_000, rss());
      start = now;
    }
    program.classifyMany(Integer.parseInt(args[2]), Long.parseLong(args[3]), args[4]);
  }

  private String label(String model) {
    try (BatchClassifier classifier = new BatchClassifier(BundleModels.of(options.models()), options)) {
      return checked(classifier.classify(List.of(record(0, model))).get(0)).predictions().get(0).label();
    }
  }

  private void classifyMany(int threads, long images, String model) throws InterruptedException {
    List<Thread> running = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      running.add(new Thread(() -> classifyUntil(images, model)));
    }
    running.forEach(Thread::start);
    for (Thread thread : running) {
      thread.join();
    }
  }

  private void classifyUntil(long images, String model) {
    try (BatchClassifier classifier = new BatchClassifier(BundleModels.of(options.models()), options)) {
      int size = options.batchSize();
      for (long from = taken.getAndAdd(size); from < images; from = taken.getAndAdd(size)) {
        List<ImageRecord> batch = new ArrayList<>(size);
        for (long i = from; i < from + size; i++) {
          batch.add(record(i, model));
        }
        classifier.classify(batch).forEach(FirstLabel::checked);
        if (from / SAMPLE_EVERY != (from + size) / SAMPLE_EVERY) {
          System.out.printf("bench rss %d %d%n", from + size, rss());
        }
      }
    }
  }

  private ImageRecord record(long number, String model) {
    byte[] file = files.get((int) (number % files.size()));
    return Records.of(file, new Header("model", model.getBytes(StandardCharsets.UTF_8)));
  }

  private static Outcome checked(Outcome outcome) {
    if (outcome.failure() != null) {
      throw new IllegalStateException("not classified: " + outcome.failure());
    }
    return outcome;
  }

  /** Kilobytes of memory that this process holds, as Linux counts them. */
  private static long rss() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      String line = lines.filter(l -> l.startsWith("VmRSS:")).findFirst().orElseThrow();
      return Long.parseLong(line.replaceAll("[^0-9]", ""));
    } catch (IOException e) {
      throw new IllegalStateException("this needs Linux", e);
    }
  }

  private static List<byte[]> read(Path folder) throws IOException {
    List<byte[]> files = new ArrayList<>();
    try (Stream<Path> paths = Files.list(folder)) {
      for (Path path : paths.sorted().toList()) {
        files.add(Files.readAllBytes(path));
      }
    }
    return files;
  }
}
