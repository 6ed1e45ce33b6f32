package io.sightline.engine.model;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.util.TaskCompletionListener;

/** What a task keeps from row to row, until it ends in whatever way; and whether it is being killed. */
public final class TaskResources {
  /** The newest of each owner in each running task: only the first of them brings a listener. */
  private static final Map<Slot, Held> CURRENT = new ConcurrentHashMap<>();

  private TaskResources() {}

  private record Slot(long task, String owner) {}

  /** Something to close that does not fail at it. */
  @FunctionalInterface
  public interface Held extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * To be called before results leave: what was classified while the task was being killed may have failed for that
   * reason alone.
   *
   * @throws TaskKilledException the task is being killed
   */
  public static void stopIfKilled() {
    TaskContext task = TaskContext.get();
    if (task != null && task.isInterrupted()) {
      throw new TaskKilledException("the task was stopped");
    }
  }

  /**
   * Closes {@code held} with the task that runs on this thread, unless a later one of the same owner takes its place.
   *
   * @param owner what tells parts of one task apart, for example two classifiers in one plan
   */
  public static void hold(String owner, Held held) {
    TaskContext task = TaskContext.get();
    Slot slot = new Slot(task.taskAttemptId(), owner);
    Held previous = CURRENT.put(slot, held);
    if (previous == null) {
      TaskCompletionListener release = context -> CURRENT.remove(slot).close();
      task.addTaskCompletionListener(release);
    } else {
      previous.close();
    }
  }
}
