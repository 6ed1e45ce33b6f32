package io.sightline.engine.image;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_core.flip;
import static org.bytedeco.opencv.global.opencv_core.setNumThreads;
import static org.bytedeco.opencv.global.opencv_core.transpose;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_COLOR_RGB;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_IGNORE_ORIENTATION;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_GRAYSCALE_2;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_GRAYSCALE_4;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_GRAYSCALE_8;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imdecode;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.opencv_core.Mat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The codecs behind {@link ImageInspector}, OpenCV's but for GIF: only inspected bytes come here. */
final class ImageDecoder {
  private static final Logger LOG = LoggerFactory.getLogger(ImageDecoder.class);
  private static final int FLIP_ROWS = 0;
  private static final int FLIP_COLUMNS = 1;
  private static final int FLIP_BOTH = -1;

  static {
    setNumThreads(1); // Spark runs one task a core already
  }

  private ImageDecoder() {}

  /**
   * The pixels of an inspected file as RGB, upright; alpha is dropped, of 16 bits a sample the upper 8 count. They stay
   * in {@code scratch} until it decodes the next image.
   *
   * @param reduction 1, or for a JPEG 2, 4 or 8: by how much the codec reduces both sides
   * @throws ImageRejected the codec cannot read it
   */
  static RowSource decode(Inspected file, int reduction, Scratch scratch) throws ImageRejected {
    if (file.info().format() == ImageFormat.GIF) {
      return new GifRows(file.parts().data());
    }
    Mat stored = scratch.stored();
    if (!read(file.parts(), reduction, scratch)) {
      throw ImageRejected.corrupt("the codec cannot read this " + file.info().format());
    }
    check(stored, file.info(), reduction);
    return new MatRows(upright(stored, file.info().orientation(), scratch));
  }

  /** Whether the codec read all of it: where it did not, {@code stored} may still show the image before. */
  private static boolean read(Parts parts, int reduction, Scratch scratch) {
    BytePointer bytes = scratch.encoded(parts);
    try (Mat encoded = new Mat(1, parts.length(), CV_8UC1, bytes);
        Mat decoded = imdecode(encoded, flags(reduction), scratch.stored())) {
      return !decoded.empty();
    } catch (RuntimeException failure) { // what OpenCV's C++ exceptions arrive as: paths of its build, and its sources
      LOG.debug("The codec cannot read an image", failure);
      return false;
    }
  }

  private static int flags(int reduction) {
    int scale =
        switch (reduction) {
          case 1 -> 0; // the names say grey, but they only stand for the scale: RGB is asked for apart
          case 2 -> IMREAD_REDUCED_GRAYSCALE_2;
          case 4 -> IMREAD_REDUCED_GRAYSCALE_4;
          case 8 -> IMREAD_REDUCED_GRAYSCALE_8;
          default -> throw new IllegalArgumentException("reduced by " + reduction);
        };
    return IMREAD_COLOR_RGB | IMREAD_IGNORE_ORIENTATION | scale;
  }

  private static void check(Mat mat, ImageInfo info, int reduction) throws ImageRejected {
    int width = Extent.of(info.width(), reduction, false).pixels();
    int height = Extent.of(info.height(), reduction, false).pixels();
    if (mat.cols() != width || mat.rows() != height) {
      throw ImageRejected.corrupt("it decodes to other dimensions than its header says");
    }
    if (mat.type() != CV_8UC3) {
      throw new IllegalStateException("asked for RGB, the codec gave type " + mat.type());
    }
  }

  private static Mat upright(Mat stored, Orientation turn, Scratch scratch) {
    Mat mat = stored;
    if (turn.transposed()) {
      mat = scratch.turned();
      transpose(stored, mat);
    }
    if (turn.mirroredX() || turn.mirroredY()) {
      flip(mat, mat, turn.mirroredX() ? turn.mirroredY() ? FLIP_BOTH : FLIP_COLUMNS : FLIP_ROWS);
    }
    return mat;
  }
}
