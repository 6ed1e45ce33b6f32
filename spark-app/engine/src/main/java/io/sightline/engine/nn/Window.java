package io.sightline.engine.nn;

/** A sliding window over an image. */
record Window(Span vertical, Span horizontal) {
  static final Window POINT = new Window(new Span(1, 1, 0, 0), new Span(1, 1, 0, 0));

  /** What {@code channels} planes become; the image has rank 3. */
  Shape slideOver(Shape image, int channels) {
    int height = vertical.windows(image.side(1));
    int width = horizontal.windows(image.side(2));
    if (height <= 0 || width <= 0) {
      throw new IllegalArgumentException("the window is larger than the image " + image);
    }
    return new Shape(channels, height, width);
  }

  long[] kernel() {
    return new long[] {vertical.kernel(), horizontal.kernel()};
  }

  long[] strides() {
    return new long[] {vertical.stride(), horizontal.stride()};
  }

  long[] before() {
    return new long[] {vertical.before(), horizontal.before()};
  }

  long[] after() {
    return new long[] {vertical.after(), horizontal.after()};
  }

  /** As oneDNN counts: 0 where a window is solid. */
  long[] dilations() {
    return new long[] {vertical.dilation() - 1L, horizontal.dilation() - 1L};
  }

  boolean isPadded() {
    return vertical.isPadded() || horizontal.isPadded();
  }

  /** With the padding's zeros counted as padding of the window's own. */
  Window widened(Op.Pad pad) {
    return pad.axis() == 1
        ? new Window(vertical.widened(pad.before(), pad.after()), horizontal)
        : new Window(vertical, horizontal.widened(pad.before(), pad.after()));
  }
}
