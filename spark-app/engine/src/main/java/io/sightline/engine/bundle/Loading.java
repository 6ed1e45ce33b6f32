package io.sightline.engine.bundle;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One attempt to load one model: the first caller does the work, the others wait for its outcome. */
final class Loading {
  private static final Logger LOG = LoggerFactory.getLogger(Loading.class);

  private final ModelName id;
  private final FutureTask<LoadedModel> task;
  private volatile Long failedAt;
  private volatile boolean interrupted;

  Loading(ModelName id, Callable<LoadedModel> load, LongSupplier nanoClock) {
    this.id = id;
    this.task = new FutureTask<>(() -> attempt(load, nanoClock));
  }

  LoadedModel await() throws BundleException {
    task.run();
    try {
      return task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BundleException("model " + id + ": interrupted while it was being loaded", e);
    } catch (ExecutionException e) {
      throw failure(e.getCause());
    }
  }

  /** Whether the attempt failed earlier than {@code nanos} on the store's clock. */
  boolean failedBefore(long nanos) {
    Long failed = failedAt;
    return failed != null && failed - nanos < 0;
  }

  /** Whether it failed because its thread was interrupted, as of a task that is killed: no fault of the model. */
  boolean wasInterrupted() {
    return interrupted;
  }

  private LoadedModel attempt(Callable<LoadedModel> load, LongSupplier nanoClock) throws Exception {
    long start = nanoClock.getAsLong();
    try {
      LoadedModel model = load.call();
      LOG.info("Loaded model {} in {} ms", id, (nanoClock.getAsLong() - start) / 1_000_000);
      return model;
    } catch (Throwable t) {
      interrupted = Thread.currentThread().isInterrupted();
      failedAt = nanoClock.getAsLong();
      LOG.warn("Cannot load model {}: {}", id, t.toString());
      throw t;
    }
  }

  private BundleException failure(Throwable cause) {
    if (cause instanceof Error error) {
      throw error;
    }
    String reason = cause instanceof BundleException ? cause.getMessage() : cause.toString();
    return new BundleException(reason, cause);
  }
}
