package io.sightline.engine.bundle;

/** What {@code model.json} says is cut out of the resized image; a {@code ResizeRule} always cuts from the centre. */
enum Crop {
  /** {@code height x width} around the centre, with left = (w - width) / 2 rounded down. */
  CENTER,
  /** Nothing: the resize already gives {@code height x width}. */
  NONE
}
