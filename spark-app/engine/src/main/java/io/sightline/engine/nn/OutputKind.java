package io.sightline.engine.nn;

/** What a model's last layer gives; a {@link Session} makes probabilities of it, unless another layer is asked for. */
public enum OutputKind {
  LOG_PROBABILITIES,
  PROBABILITIES,
  LOGITS
}
