package io.sightline.engine.image;

/** The bytes are no image that we classify. An ordinary outcome of untrusted input, so it carries no stack trace. */
public final class ImageRejected extends Exception {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  public ImageRejected(ErrorCode code, String detail) {
    super(detail, null, false, false);
    this.code = code;
  }

  public ErrorCode code() {
    return code;
  }

  static ImageRejected truncated(String detail) {
    return new ImageRejected(ErrorCode.TRUNCATED, detail);
  }

  static ImageRejected corrupt(String detail) {
    return new ImageRejected(ErrorCode.CORRUPT, detail);
  }
}
