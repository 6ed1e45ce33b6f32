package io.sightline.engine.bundle;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says once why a model cannot be loaded, for as often as it is tried again. For any thread. */
final class TroubleLog {
  private static final Logger LOG = LoggerFactory.getLogger(TroubleLog.class);

  /** Of a file that is being written, always another. */
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

  private final Map<ModelName, String> said = new ConcurrentHashMap<>();

  /**
   * @param other what is used meanwhile, or null
   */
  void say(ModelName id, String reason, ModelName other) {
    String trouble = DIGEST.matcher(reason).replaceAll("");
    if (trouble.equals(said.put(id, trouble))) {
      LOG.debug("Model {} still cannot be used: {}", id, reason);
      return;
    }
    String meanwhile = other == null ? "" : other + " goes on; ";
    LOG.warn("Model {} cannot be used: {}. {}{} is tried again when its files change", id, reason, meanwhile, id);
  }

  void over(ModelName id) {
    said.remove(id);
  }
}
