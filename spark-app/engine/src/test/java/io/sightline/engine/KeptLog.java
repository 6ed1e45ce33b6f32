package io.sightline.engine;

import java.util.ArrayList;
import java.util.List;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Property;

/** What a class logs, until it is closed. */
public final class KeptLog extends AbstractAppender implements AutoCloseable {
  private final List<LogEvent> events = new ArrayList<>();
  private final Logger logger;

  public KeptLog(Class<?> of) {
    super("kept", null, null, true, Property.EMPTY_ARRAY);
    logger = (Logger) LogManager.getLogger(of);
    start();
    logger.addAppender(this);
    from(Level.INFO);
  }

  public void from(Level level) {
    logger.setLevel(level);
  }

  @Override
  public void append(LogEvent event) {
    events.add(event.toImmutable());
  }

  public List<LogEvent> events() {
    return events;
  }

  @Override
  public void close() {
    logger.removeAppender(this);
    stop();
  }
}
