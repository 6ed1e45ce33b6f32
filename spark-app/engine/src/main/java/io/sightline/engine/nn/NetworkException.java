package io.sightline.engine.nn;

/** A network that cannot be loaded; the message names the file and what is wrong with it. */
public final class NetworkException extends Exception {
  private static final long serialVersionUID = 1L;

  NetworkException(String message) {
    super(message);
  }

  NetworkException(String message, Throwable cause) {
    super(message, cause);
  }
}
