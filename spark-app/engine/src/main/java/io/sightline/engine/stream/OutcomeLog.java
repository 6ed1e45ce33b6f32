package io.sightline.engine.stream;

import io.sightline.engine.image.ErrorCode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * What the log says of single images: faults of ours as warnings, at most one a second; all else, and the faults left
 * out, at debug level; with image and trace id.
 */
final class OutcomeLog {
  private static final Logger LOG = LoggerFactory.getLogger(OutcomeLog.class);
  private static final String IMAGE = "image_id";
  private static final String TRACE = "trace_id";

  /** The JVM's: the tasks of all partitions write into one log. */
  private static final LogPace FAULTS = new LogPace(System::nanoTime);

  private OutcomeLog() {}

  static void write(ImageRecord record, Outcome outcome) {
    write(record, outcome, FAULTS);
  }

  /**
   * @param faults how often faults may be said
   */
  static void write(ImageRecord record, Outcome outcome, LogPace faults) {
    boolean fault = outcome.failure() != null && outcome.failure().code() == ErrorCode.INTERNAL;
    long leftOut = fault ? faults.ask() : -1;
    if (leftOut < 0 && !LOG.isDebugEnabled()) {
      return;
    }
    MDC.put(IMAGE, record.id());
    String trace = record.traceId();
    if (trace != null) {
      MDC.put(TRACE, trace);
    }
    try {
      say(outcome, leftOut);
    } finally {
      MDC.remove(IMAGE);
      MDC.remove(TRACE);
    }
  }

  /**
   * @param leftOut how many faults this one stands for beside itself; -1: it is no warning
   */
  private static void say(Outcome outcome, long leftOut) {
    String model = outcome.classifier().name();
    if (leftOut > 0) {
      LOG.warn("Not classified by {}: {} ({} more were not logged)", model, outcome.failure().detail(), leftOut);
    } else if (leftOut == 0) {
      LOG.warn("Not classified by {}: {}", model, outcome.failure().detail());
    } else if (outcome.failure() != null) {
      LOG.debug("Not classified by {}: {}", model, outcome.failure().code().text());
    } else {
      LOG.debug("Classified by {}: {}", model, outcome.predictions().get(0).label());
    }
  }
}
