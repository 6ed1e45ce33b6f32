package io.sightline.engine.image;

/** An upright image that is read row by row, as RGB pixels of 8 bits a sample. */
interface RowSource {
  /** Writes {@code count} pixels of row {@code y}, from column {@code from} on, to the beginning of {@code row}. */
  void read(int y, int from, int count, byte[] row);
}
