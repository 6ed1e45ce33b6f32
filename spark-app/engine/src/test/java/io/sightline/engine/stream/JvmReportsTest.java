package io.sightline.engine.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sightline.engine.bundle.ModelReport;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class JvmReportsTest {
  private final JvmReports reports = new JvmReports();

  @Test
  void addsUpTheNewestOfEachJvm() throws Exception {
    reports.put(report("1", 1, 10), 0);
    reports.put(report("1", 3, 30), 1);
    reports.put(report("2", 4, 40), 1);
    JsonNode sums = read(2);
    assertEquals(7, sums.get("model_loads").asInt());
    assertEquals(70, sums.get("model_bytes").asInt());
    assertEquals(4, sums.get("models_loaded").asInt());
    assertEquals(2, sums.get("models_unusable").asInt());
    assertEquals(3.0, sums.get("model_load_seconds").asDouble());
    assertEquals(6, sums.get("shadow_same").asInt());
    assertEquals(0.5, sums.get("shadow_difference").asDouble());
  }

  /** Counters must not fall when an executor is lost; its memory is gone. */
  @Test
  void keepsWhatALostJvmDidAndForgetsWhatItHeld() throws Exception {
    reports.put(report("1", 3, 30), 0);
    long later = TimeUnit.SECONDS.toNanos(30);
    reports.put(report("2", 4, 40), later);
    JsonNode sums = read(later);
    assertEquals(7, sums.get("model_loads").asInt());
    assertEquals(40, sums.get("model_bytes").asInt());
    assertEquals(1, sums.get("models_unusable").asInt());
  }

  private JsonNode read(long now) throws Exception {
    return new ObjectMapper().readTree(reports.json(now));
  }

  private static JvmReport report(String executor, int loads, long bytes) {
    return new JvmReport(
        executor, new ModelReport(loads, 1, 0, 1.5, 2, bytes, 1), new ShadowReport(3, 2, 1, 0.25, 0.1));
  }
}
