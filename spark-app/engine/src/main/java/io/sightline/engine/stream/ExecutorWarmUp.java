package io.sightline.engine.stream;

import java.io.Serializable;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** Loads the default model where it will be used: in the executors, while the driver's JVM stays without it. */
public final class ExecutorWarmUp {
  private ExecutorWarmUp() {}

  /** What one task found: a model's name@version, or why there is none. */
  record Found(String host, String model, String failure) implements Serializable {}

  /**
   * Does {@link StreamClassifier#preload} in as many tasks as run at once, so that each idle executor gets one.
   *
   * @return the model's name@version
   * @throws IllegalStateException it cannot be used on some executor, or is not the same on all; the message says where
   *     and why
   */
  public static String preload(SparkSession spark, String optionsJson, int tasks) {
    StreamOptions options = StreamOptions.parse(optionsJson);
    List<Integer> numbers = IntStream.range(0, tasks).boxed().toList();
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    return agreed(context.parallelize(numbers, tasks).map(number -> preload(options)).collect());
  }

  static String agreed(List<Found> found) {
    for (Found one : found) {
      if (one.failure() != null) {
        throw new IllegalStateException("on executor host " + one.host() + ": " + one.failure());
      }
    }
    Set<String> models = found.stream().map(Found::model).collect(Collectors.toCollection(TreeSet::new));
    if (models.size() > 1) {
      throw new IllegalStateException("the executors have different versions of it: " + String.join(", ", models));
    }
    return models.iterator().next();
  }

  private static Found preload(StreamOptions options) throws UnknownHostException {
    String host = InetAddress.getLocalHost().getHostName();
    try {
      return new Found(host, StreamClassifier.preload(options), null);
    } catch (IllegalStateException unusable) {
      return new Found(host, null, unusable.getMessage());
    }
  }
}
