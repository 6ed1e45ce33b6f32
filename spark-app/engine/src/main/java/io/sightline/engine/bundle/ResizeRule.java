package io.sightline.engine.bundle;

/** How a picture is brought to a model's scale before the crop. */
public enum ResizeRule {
  /** Both sides to the target size; the ratio is not kept. */
  STRETCH,
  /** The shorter side to the target size; the ratio is kept. */
  SHORTER_SIDE
}
