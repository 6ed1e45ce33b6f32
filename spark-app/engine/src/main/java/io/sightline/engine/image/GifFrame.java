package io.sightline.engine.image;

/**
 * Where a GIF's first frame lies on the canvas and in the file.
 *
 * @param palette position of the colours, three bytes each
 * @param colours how many; 0 where the file has none
 * @param background index of the colour around the frame
 * @param data position of the compressed indexes
 */
record GifFrame(
    Box box, boolean interlaced, int palette, int colours, int background, int data) {
  /** A rectangle on the canvas, in pixels. */
  record Box(int left, int top, int width, int height) {
    boolean within(int canvasWidth, int canvasHeight) {
      return width > 0 && height > 0 && left + width <= canvasWidth && top + height <= canvasHeight;
    }
  }
}
