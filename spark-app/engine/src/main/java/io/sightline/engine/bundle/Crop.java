package io.sightline.engine.bundle;

/** What is cut out of the resized picture. */
public enum Crop {
  /** {@code height x width} around the centre, with left = (w - width) / 2 rounded down. */
  CENTER,
  /** Nothing: the resize already gives {@code height x width}. */
  NONE
}
