package io.sightline.engine.bundle;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One attempt to load one model, and the model it gave: the first caller does the work, the others wait for its
 * outcome.
 */
final class Loading implements ModelMemory.Resident {
  private final ModelName id;
  private final Stamp stamp;
  private final FutureTask<LoadedModel> task;
  private final AtomicBoolean begun = new AtomicBoolean();
  private volatile LoadedModel loaded;
  private volatile BundleException failure;
  private volatile long failedAt;
  private volatile boolean interrupted;
  private volatile boolean spare;

  /** Loads the model, and tells {@code loading} of it. */
  @FunctionalInterface
  interface Attempt {
    LoadedModel load(Loading loading) throws BundleException;
  }

  /**
   * @param stamp of the model's folder before the attempt
   */
  Loading(ModelName id, Stamp stamp, Attempt attempt) {
    this.id = id;
    this.stamp = stamp;
    this.task = new FutureTask<>(() -> attempt.load(this));
  }

  ModelName id() {
    return id;
  }

  LoadedModel await() throws BundleException {
    task.run();
    try {
      return task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BundleException("model " + id + ": interrupted while it was being loaded", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw reason(e.getCause());
    }
  }

  /** Does the work in a thread of its own, unless somebody has begun; returns at once. */
  void begin() {
    if (begun.compareAndSet(false, true)) {
      Thread thread = new Thread(task, "sightline-load-" + id);
      thread.setDaemon(true);
      thread.start();
    }
  }

  /** The same for whom others shall not make room. */
  void beginSpare() {
    if (!begun.get()) {
      spare = true;
      begin();
    }
  }

  boolean isSpare() {
    return spare;
  }

  /** To be told by the attempt itself, before its callers see the outcome. */
  void succeeded(LoadedModel model) {
    loaded = model;
  }

  /** The same; {@code broken off} is no fault of the model: its thread was interrupted, as of a task that is killed. */
  void failed(Throwable cause, long nanos, boolean brokenOff) {
    failedAt = nanos;
    interrupted = brokenOff;
    failure = reason(cause);
  }

  /** Whether it can be used: not before the attempt has ended, for until then the memory does not count it. */
  boolean isLoaded() {
    return loaded() != null;
  }

  /** Whether its memory was needed for others. */
  boolean isUnloaded() {
    return task.isDone() && loaded == null && failure == null;
  }

  /** The model once {@link #isLoaded it is loaded}, or null. */
  LoadedModel loaded() {
    return task.isDone() ? loaded : null;
  }

  /** Why it failed, or null. */
  BundleException failure() {
    return interrupted ? null : failure;
  }

  boolean wasInterrupted() {
    return interrupted;
  }

  /** Whether it failed earlier than {@code nanos} on the store's clock. */
  boolean failedBefore(long nanos) {
    return failure != null && failedAt - nanos < 0;
  }

  /** Whether it saw the folder so. */
  boolean saw(Stamp other) {
    return stamp.equals(other);
  }

  @Override
  public long bytes() {
    LoadedModel model = loaded;
    return model == null ? 0 : model.network().bytes();
  }

  @Override
  public boolean closeIfUnused() {
    LoadedModel model = loaded;
    if (model != null && !model.network().closeIfUnused()) {
      return false;
    }
    loaded = null;
    return true;
  }

  @Override
  public String toString() {
    return "model " + id;
  }

  private static BundleException reason(Throwable cause) {
    return cause instanceof BundleException known ? known : new BundleException(cause.toString(), cause);
  }
}
