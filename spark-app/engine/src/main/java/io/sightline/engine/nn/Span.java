package io.sightline.engine.nn;

/**
 * A sliding window along one side of an image.
 *
 * @param before padding before the first value
 * @param after padding after the last value; exactly what the last window needs, or more
 */
record Span(int kernel, int stride, int before, int after) {

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
    return Math.floorDiv(size + before + after - kernel, stride) + 1;
  }

  private static int ceilDiv(int a, int b) {
    return -Math.floorDiv(-a, b);
  }
}
