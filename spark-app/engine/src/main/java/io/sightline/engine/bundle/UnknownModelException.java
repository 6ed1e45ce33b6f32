package io.sightline.engine.bundle;

/** No such model, or no such version of it, is installed. */
public final class UnknownModelException extends Exception {
  private static final long serialVersionUID = 1L;

  UnknownModelException(String message) {
    super(message);
  }
}
