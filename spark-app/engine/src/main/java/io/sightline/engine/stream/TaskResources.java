package io.sightline.engine.stream;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/** Closes a task's iterator when the task ends early: a failed write, a killed task. */
final class TaskResources {
  /** The newest iterator of each running task. A continuous task has thousands, so each cannot bring a listener. */
  private static final Map<Long, ClassifyingIterator> CURRENT = new ConcurrentHashMap<>();

  private TaskResources() {}

  /** Closes {@code rows} with the task that runs on this thread, unless a later iterator takes its place. */
  static void hold(ClassifyingIterator rows) {
    TaskContext task = TaskContext.get();
    ClassifyingIterator previous = CURRENT.put(task.taskAttemptId(), rows);
    if (previous == null) {
      TaskCompletionListener release = context -> CURRENT.remove(context.taskAttemptId()).close();
      task.addTaskCompletionListener(release);
    } else {
      previous.close();
    }
  }
}
