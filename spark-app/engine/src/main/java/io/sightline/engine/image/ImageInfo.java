package io.sightline.engine.image;

/**
 * What a file's headers say.
 *
 * @param width in pixels, as stored
 * @param height in pixels, as stored
 * @param orientation how to turn the stored pixels upright
 */
public record ImageInfo(ImageFormat format, int width, int height, Orientation orientation) {
  /** Pixels of a row once the image stands upright. */
  int uprightWidth() {
    return orientation.transposed() ? height : width;
  }

  /** Rows once the image stands upright. */
  int uprightHeight() {
    return orientation.transposed() ? width : height;
  }
}
