package io.sightline.engine.table;

import io.sightline.engine.model.ModelFolder;
import io.sightline.engine.model.ModelOptions;
import io.sightline.engine.model.NetworkWish;
import io.sightline.engine.nn.PrecisionWish;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.spark.SparkContext;
import org.apache.spark.network.util.JavaUtils;
import org.apache.spark.sql.internal.SQLConf;

/**
 * A session's {@code spark.sightline.*}, as it was when a plan was made.
 *
 * @param batchSize images that a task classifies together
 * @param ship whether executors lack the models folder, so that Spark has to bring them bundles
 */
record TableOptions(ModelOptions models, int batchSize, boolean ship) implements Serializable {
  private static final String PREFIX = "spark.sightline.";
  private static final int BATCH_SIZE = 16;
  private static final int MAX_IMAGE_BYTES = 10 << 20;
  private static final String MODEL_MEMORY = "512m";
  private static final long MAX_PIXELS = 50_000_000;

  /**
   * @throws IllegalArgumentException a setting is not what it must be; the message names it
   */
  static TableOptions of(SQLConf session) {
    int batchSize = (int) number(session, "batchSize", BATCH_SIZE, 256);
    String folder = text(session, "models", "models");
    ModelOptions models =
        new ModelOptions(
            Path.of(folder).toAbsolutePath().toString(),
            text(session, "model", "digits-lenet"),
            (int) number(session, "maxImageBytes", MAX_IMAGE_BYTES, Integer.MAX_VALUE - 8),
            number(session, "maxPixels", MAX_PIXELS, Long.MAX_VALUE),
            memory(session),
            NetworkWish.of(
                batchSizes(batchSize), "onednn", precision(session), text(session, "cacheDir", cacheDir())));
    return new TableOptions(models, batchSize, yes(session, "shipModels", true));
  }

  /**
   * The models as tasks can use them. Off a local master their bundles are brought to executors.
   *
   * @param model name or name@version of the only one that is needed; null: any
   * @throws IllegalArgumentException the folder is to be read here and is not there; or the model is to be brought, and
   *     is not installed or not sound
   */
  ModelOptions modelsForTasks(SparkContext context, String model) {
    if (!context.isLocal() && !ship) {
      return models;
    }
    if (!Files.isDirectory(Path.of(models.modelsDir()))) { // else every row would say unknown-model
      throw new IllegalArgumentException(PREFIX + "models: there is no folder " + models.modelsDir());
    }
    if (context.isLocal()) {
      return models;
    }
    return models.in(ModelFolder.bring(context, Path.of(models.modelsDir()), model));
  }

  /** The powers of two up to {@code largest}, and itself. */
  private static List<Integer> batchSizes(int largest) {
    TreeSet<Integer> sizes = new TreeSet<>(IntStream.iterate(1, n -> n <= largest, n -> 2 * n).boxed().toList());
    sizes.add(largest);
    return List.copyOf(sizes);
  }

  private static String cacheDir() {
    return Path.of(System.getProperty("user.home"), ".cache", "sightline", "programs").toString();
  }

  private static String text(SQLConf session, String name, String otherwise) {
    return session.getConfString(PREFIX + name, otherwise);
  }

  private static String precision(SQLConf session) {
    String name = text(session, "precision", "f32");
    try {
      PrecisionWish.named(name);
      return name;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(PREFIX + "precision must be auto, f32, bf16 or int8: " + name, e);
    }
  }

  private static boolean yes(SQLConf session, String name, boolean otherwise) {
    String value = text(session, name, Boolean.toString(otherwise));
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException(PREFIX + name + " must be true or false: " + value);
    };
  }

  private static long memory(SQLConf session) {
    String value = text(session, "modelMemory", MODEL_MEMORY);
    try {
      return JavaUtils.byteStringAsBytes(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(PREFIX + "modelMemory must be an amount as 512m or 2g: " + value, e);
    }
  }

  private static long number(SQLConf session, String name, long otherwise, long most) {
    String value = text(session, name, Long.toString(otherwise));
    try {
      long number = Long.parseLong(value);
      if (number >= 1 && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // said below, as for a number out of range
    }
    throw new IllegalArgumentException(PREFIX + name + " must be a number from 1 to " + most + ": " + value);
  }
}
