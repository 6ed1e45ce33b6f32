package io.sightline.engine.stream;

import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.image.ImageRejected;

/** Why a record has no predictions: the contract's code and a sentence. */
record Failure(ErrorCode code, String detail) {
  /** Messages of codecs and engines can quote a lot; result and header stay small. */
  private static final int MAX_DETAIL = 500;

  Failure {
    detail = detail.length() <= MAX_DETAIL ? detail : detail.substring(0, MAX_DETAIL);
  }

  static Failure of(ImageRejected rejected) {
    return new Failure(rejected.code(), rejected.getMessage());
  }

  static Failure internal(Exception cause) {
    return new Failure(ErrorCode.INTERNAL, "the classifier failed on this image: " + cause);
  }
}
