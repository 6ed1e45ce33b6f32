package io.sightline.engine.nn;

/**
 * A sliding window along one side of an image.
 *
 * @param before padding before the first value
 * @param after padding after the last value; exactly what the last window needs, or more
 * @param dilation distance between neighbours in the window; 1 where they are neighbours in the image
 */
record Span(int kernel, int stride, int before, int after, int dilation) {

  Span(int kernel, int stride, int before, int after) {
    this(kernel, stride, before, after, 1);
  }

  /** BigDL's (and TensorFlow's) SAME: {@code ceil(size / stride)} windows, the odd padding after. */
  static Span same(int size, int kernel, int stride) {
    int windows = ceilDiv(size, stride);
    int padding = Math.max(0, (windows - 1) * stride + kernel - size);
    return new Span(kernel, stride, padding / 2, padding - padding / 2);
  }

  /** Symmetrical padding; windows that would pass the padded end are left out. */
  static Span floor(int size, int kernel, int stride, int padding) {
    return covering(Math.floorDiv(size + 2 * padding - kernel, stride) + 1, size, kernel, stride, padding);
  }

  /** As {@link #floor}, but the window's values stand {@code dilation} apart. */
  static Span dilated(int size, int kernel, int stride, int padding, int dilation) {
    Span solid = floor(size, (kernel - 1) * dilation + 1, stride, padding);
    return new Span(kernel, stride, solid.before, solid.after, dilation);
  }

  /** Symmetrical padding; the last window may pass the padded end, but it starts before it. */
  static Span ceil(int size, int kernel, int stride, int padding) {
    int windows = ceilDiv(size + 2 * padding - kernel, stride) + 1;
    if ((windows - 1) * stride >= size + padding) {
      windows--;
    }
    return covering(windows, size, kernel, stride, padding);
  }

  private static Span covering(int windows, int size, int kernel, int stride, int before) {
    int after = (windows - 1) * stride + kernel - size - before;
    return new Span(kernel, stride, before, Math.max(0, after));
  }

  int windows(int size) {
    return Math.floorDiv(size + before + after - extent(), stride) + 1;
  }

  /** From the window's first value to its last. */
  int extent() {
    return (kernel - 1) * dilation + 1;
  }

  boolean isPadded() {
    return before > 0 || after > 0;
  }

  /** With so much more padding. */
  Span widened(int moreBefore, int moreAfter) {
    return new Span(kernel, stride, before + moreBefore, after + moreAfter, dilation);
  }

  /** For an image that has {@code padding} zeros on both sides already. */
  Span unpadded(int padding) {
    return new Span(kernel, stride, before - padding, Math.max(0, after - padding), dilation);
  }

  /** Whether each window of an image with so many values contains one of them. */
  boolean alwaysMeets(int size) {
    return before < extent() && (windows(size) - 1) * stride - before < size;
  }

  private static int ceilDiv(int a, int b) {
    return -Math.floorDiv(-a, b);
  }
}
