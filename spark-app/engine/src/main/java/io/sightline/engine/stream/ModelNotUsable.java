package io.sightline.engine.stream;

import io.sightline.engine.image.ErrorCode;

/** A record names a model that is not there or does not load; carries no stack trace, it is that record's outcome. */
final class ModelNotUsable extends Exception {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  ModelNotUsable(ErrorCode code, String detail) {
    super(detail, null, false, false);
    this.code = code;
  }

  Failure failure() {
    return new Failure(code, getMessage());
  }
}
