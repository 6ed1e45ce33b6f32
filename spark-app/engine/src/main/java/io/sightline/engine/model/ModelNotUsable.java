package io.sightline.engine.model;

import io.sightline.engine.image.ErrorCode;

/** An image asks for a model that is not there or does not load; no stack trace: it is that image's outcome. */
public final class ModelNotUsable extends Exception {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  public ModelNotUsable(ErrorCode code, String detail) {
    super(detail, null, false, false);
    this.code = code;
  }

  public Failure failure() {
    return new Failure(code, getMessage());
  }
}
