package io.sightline.engine.stream;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/** The newest report of each JVM, and their sums. For any number of threads. */
final class JvmReports {
  /** Much longer than reports are apart; a JVM that is lost counts that long among those that hold models. */
  private static final long SILENT_NANOS = TimeUnit.SECONDS.toNanos(20);

  private final Map<String, Seen> seen = new HashMap<>();

  private record Seen(JvmReport report, long at) {}

  synchronized void put(JvmReport report, long now) {
    seen.put(report.executor(), new Seen(report, now));
  }

  /**
   * Sums as a JSON object: what has happened, in all JVMs that there were, and what is there, in those that there are.
   *
   * @param now nanoseconds on the clock of {@link #put}
   */
  synchronized String json(long now) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("model_loads", happened(report -> report.models().loads()));
    json.put("model_unloads", happened(report -> report.models().unloads()));
    json.put("model_failures", happened(report -> report.models().failures()));
    json.put("model_load_seconds", happened(report -> report.models().loadSeconds()));
    json.put("shadow_same", happened(report -> report.shadow().same()));
    json.put("shadow_other", happened(report -> report.shadow().other()));
    json.put("shadow_failed", happened(report -> report.shadow().failed()));
    json.put("shadow_difference", happened(report -> report.shadow().difference()));
    json.put("shadow_seconds", happened(report -> report.shadow().seconds()));
    json.put("models_loaded", there(report -> report.models().loaded(), now));
    json.put("model_bytes", there(report -> report.models().bytes(), now));
    json.put("models_unusable", there(report -> report.models().unusable(), now));
    return json.toString();
  }

  private double happened(ToDoubleFunction<JvmReport> value) {
    return seen.values().stream().map(Seen::report).mapToDouble(value).sum();
  }

  private double there(ToDoubleFunction<JvmReport> value, long now) {
    return seen.values().stream().filter(one -> now - one.at() < SILENT_NANOS).map(Seen::report).mapToDouble(value)
        .sum();
  }
}
