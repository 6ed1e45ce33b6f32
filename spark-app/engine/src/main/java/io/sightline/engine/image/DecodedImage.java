package io.sightline.engine.image;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.opencv_core.Mat;

/** A decoded image in native memory, which {@link #close} frees. For one thread. */
final class DecodedImage implements RowSource, AutoCloseable {
  private final Mat mat;
  private final BytePointer data;
  private final long rowBytes;
  private final byte[] sourceRow;
  private final ColourRows rows;

  /** Takes over {@code mat}: 8- or 16-bit samples, 1 (grey), 3 (BGR) or 4 (BGRA) a pixel. */
  DecodedImage(Mat mat, boolean toGrey) {
    this.mat = mat;
    this.data = mat.data();
    this.rowBytes = mat.step();
    this.sourceRow = new byte[(int) (mat.cols() * mat.elemSize())];
    this.rows = new ColourRows(mat.channels(), (int) mat.elemSize1(), toGrey);
  }

  @Override
  public int width() {
    return mat.cols();
  }

  @Override
  public int height() {
    return mat.rows();
  }

  @Override
  public int channels() {
    return rows.channels();
  }

  @Override
  public void read(int y, byte[] row) {
    data.position(y * rowBytes).get(sourceRow);
    rows.convert(sourceRow, width(), row);
  }

  @Override
  public void close() {
    mat.close();
  }
}
