package io.sightline.engine.stream;

import io.sightline.engine.bundle.BundleStore;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Spark's way from each JVM that classifies to the driver: every two seconds what it did with models, also on a local
 * master. At the same pace new versions of the models in use are looked for, so that they are loaded before an image
 * comes.
 */
public final class ReportsPlugin implements SparkPlugin {
  private static final Logger LOG = LoggerFactory.getLogger(ReportsPlugin.class);

  /** Seconds. More often would load the driver of a large cluster, less often a scrape finds old numbers. */
  private static final long APART = 2;

  private static final JvmReports REPORTS = new JvmReports();

  /** What all JVMs have told the driver, summed: see {@link JvmReports#json}. To be asked in the driver. */
  public static String json() {
    return REPORTS.json(System.nanoTime());
  }

  @Override
  public DriverPlugin driverPlugin() {
    return new Receiver();
  }

  @Override
  public ExecutorPlugin executorPlugin() {
    return new Sender();
  }

  private static final class Receiver implements DriverPlugin {
    @Override
    public Object receive(Object message) {
      if (message instanceof JvmReport report) {
        REPORTS.put(report, System.nanoTime());
      }
      return null;
    }
  }

  private static final class Sender implements ExecutorPlugin {
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
      Thread thread = new Thread(task, "sightline-reports");
      thread.setDaemon(true);
      return thread;
    });
    private PluginContext context;

    @Override
    public void init(PluginContext pluginContext, Map<String, String> configuration) {
      context = pluginContext;
      timer.scheduleWithFixedDelay(this::report, 0, APART, TimeUnit.SECONDS);
    }

    @Override
    public void shutdown() {
      timer.shutdownNow();
    }

    private void report() {
      try {
        BundleStore.refresh();
        context.send(new JvmReport(context.executorID(), BundleStore.report(), ShadowCounts.JVM.report()));
      } catch (IOException | RuntimeException e) { // a timer whose task throws never runs it again
        LOG.debug("No report came through; the next one says the same and more", e);
      }
    }
  }
}
