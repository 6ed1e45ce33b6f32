package io.sightline.engine.stream;

import com.sun.management.OperatingSystemMXBean;
import io.sightline.engine.model.BundleModels;
import io.sightline.engine.nn.NetworkOptions;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/**
 * What the engine does without Spark and Kafka: threads that decode and classify the files of a folder, batch by batch.
 * Prints images a second and processor milliseconds an image. Run by {@code bench/stream.py}: {@code BareLoop
 * MODELS_FOLDER MODEL FILES_FOLDER THREADS BATCH WARM_UP_S SECONDS PRECISION}.
 */
public final class BareLoop {
  private BareLoop() {}

  public static void main(String[] args) throws Exception {
    int batch = Integer.parseInt(args[4]);
    StreamOptions options =
        new StreamOptions(
            args[0], args[1], "", "", 1 << 30, 1 << 30, 1L << 40, NetworkOptions.defaults().batchSizes(), "onednn",
            args[7], batch, "", null, Long.MAX_VALUE, null);
    StreamClassifier.preload(options);
    List<ImageRecord> records = read(Path.of(args[2]));
    LongAdder images = new LongAdder();
    for (int i = 0; i < Integer.parseInt(args[3]); i++) {
      int from = i * batch;
      Thread thread = new Thread(() -> loop(options, records, from, images));
      thread.setDaemon(true);
      thread.start();
    }
    Thread.sleep(1000L * Integer.parseInt(args[5]));
    long before = images.sum();
    long start = System.nanoTime();
    long cpu = cpuNanos();
    Thread.sleep(1000L * Integer.parseInt(args[6]));
    long done = images.sum() - before;
    System.out.printf("%.1f %.4f%n", done * 1e9 / (System.nanoTime() - start), (cpuNanos() - cpu) / 1e6 / done);
    Runtime.getRuntime().halt(0); // the threads are inside native code: an orderly end would pull it away from them
  }

  private static long cpuNanos() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }

  private static void loop(StreamOptions options, List<ImageRecord> records, int from, LongAdder images) {
    try (BatchClassifier classifier = new BatchClassifier(BundleModels.of(options.models()), options)) {
      for (int at = from; true; at += options.batchSize()) {
        List<ImageRecord> batch = new ArrayList<>();
        for (int i = 0; i < options.batchSize(); i++) {
          batch.add(records.get((at + i) % records.size()));
        }
        for (Outcome outcome : classifier.classify(batch)) {
          if (outcome.failure() != null) {
            throw new IllegalStateException("not classified: " + outcome.failure());
          }
          images.increment();
        }
      }
    }
  }

  private static List<ImageRecord> read(Path folder) throws IOException {
    List<ImageRecord> records = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        records.add(Records.of(Files.readAllBytes(file)));
      }
    }
    return records;
  }
}
