package io.sightline.engine.image;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.opencv_core.Mat;

/** The rows of an RGB matrix, whose owner keeps it for as long as they are read. */
final class MatRows implements RowSource {
  private static final int RGB = 3;

  private final BytePointer data;
  private final long rowBytes;

  MatRows(Mat mat) {
    this.data = mat.data();
    this.rowBytes = mat.step();
  }

  @Override
  public void read(int y, int from, int count, byte[] row) {
    data.position(y * rowBytes + (long) from * RGB).get(row, 0, count * RGB);
  }
}
