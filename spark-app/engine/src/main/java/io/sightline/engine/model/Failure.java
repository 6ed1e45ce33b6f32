package io.sightline.engine.model;

import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.image.ImageRejected;

/** Why an image has no predictions: the contract's code and a sentence. */
public record Failure(ErrorCode code, String detail) {
  /** Messages of codecs and engines can quote a lot; result and header stay small. */
  private static final int MAX_DETAIL = 500;

  public Failure {
    detail = detail.length() <= MAX_DETAIL ? detail : detail.substring(0, MAX_DETAIL);
  }

  public static Failure of(ImageRejected rejected) {
    return new Failure(rejected.code(), rejected.getMessage());
  }

  public static Failure internal(Exception cause) {
    return new Failure(ErrorCode.INTERNAL, "the classifier failed on this image: " + cause);
  }
}
