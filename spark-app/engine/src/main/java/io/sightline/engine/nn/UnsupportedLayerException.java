package io.sightline.engine.nn;

/** A layer the compiler does not know, or not in this form; the message names it. */
final class UnsupportedLayerException extends Exception {
  private static final long serialVersionUID = 1L;

  UnsupportedLayerException(String layer, String reason) {
    super("layer " + layer + " " + reason);
  }
}
