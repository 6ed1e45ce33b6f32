package io.sightline.engine.image;

/** An image that is read row by row, as 8-bit pixels whose channels lie side by side. */
interface RowSource {
  int width();

  int height();

  int channels();

  /** Writes row {@code y} ({@code width() * channels()} bytes) to the beginning of {@code row}. */
  void read(int y, byte[] row);
}
