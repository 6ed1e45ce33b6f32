package io.sightline.engine.stream;

import io.sightline.engine.image.ErrorCode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** What the log says of single images: faults of ours as warnings, all else at debug level; with image and trace id. */
final class OutcomeLog {
  private static final Logger LOG = LoggerFactory.getLogger(OutcomeLog.class);
  private static final String IMAGE = "image_id";
  private static final String TRACE = "trace_id";

  private OutcomeLog() {}

  static void write(ImageRecord record, Outcome outcome) {
    boolean fault = outcome.failure() != null && outcome.failure().code() == ErrorCode.INTERNAL;
    if (!fault && !LOG.isDebugEnabled()) {
      return;
    }
    MDC.put(IMAGE, record.id());
    String trace = record.traceId();
    if (trace != null) {
      MDC.put(TRACE, trace);
    }
    try {
      say(outcome, fault);
    } finally {
      MDC.remove(IMAGE);
      MDC.remove(TRACE);
    }
  }

  private static void say(Outcome outcome, boolean fault) {
    String model = outcome.classifier().name();
    if (fault) {
      LOG.warn("Not classified by {}: {}", model, outcome.failure().detail());
    } else if (outcome.failure() != null) {
      LOG.debug("Not classified by {}: {}", model, outcome.failure().code().text());
    } else {
      LOG.debug("Classified by {}: {}", model, outcome.predictions().get(0).label());
    }
  }
}
