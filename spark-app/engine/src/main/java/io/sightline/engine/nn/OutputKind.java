package io.sightline.engine.nn;

/** What a model's last layer gives; a {@link Session} always turns it into probabilities. */
public enum OutputKind {
  LOG_PROBABILITIES,
  PROBABILITIES,
  LOGITS
}
