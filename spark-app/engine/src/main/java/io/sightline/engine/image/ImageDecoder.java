package io.sightline.engine.image;

import static org.bytedeco.opencv.global.opencv_core.CV_16U;
import static org.bytedeco.opencv.global.opencv_core.CV_8U;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_core.setNumThreads;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_ANYCOLOR;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_UNCHANGED;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imdecode;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.opencv_core.Mat;

/** OpenCV's codecs behind {@link ImageInspector}: only inspected bytes come here. */
final class ImageDecoder {
  static {
    setNumThreads(1); // Spark runs one task a core already
  }

  private ImageDecoder() {}

  /**
   * The pixels of inspected {@code data}, upright as its EXIF orientation says.
   *
   * <p>OpenCV leaves transparent images as they lie in the file; cameras write none. Of an animation it is the first
   * frame.
   *
   * @throws ImageRejected the codec cannot read it
   */
  static DecodedImage decode(byte[] data, ImageInfo info, boolean toGrey) throws ImageRejected {
    Mat mat = read(data, info.alpha() ? IMREAD_UNCHANGED : IMREAD_ANYCOLOR);
    try {
      check(mat, info);
      return new DecodedImage(mat, toGrey);
    } catch (ImageRejected | RuntimeException failure) {
      mat.close();
      throw failure;
    }
  }

  private static Mat read(byte[] data, int flags) throws ImageRejected {
    try (BytePointer bytes = new BytePointer(data);
        Mat encoded = new Mat(1, data.length, CV_8UC1, bytes)) {
      return imdecode(encoded, flags);
    } catch (RuntimeException failure) { // what OpenCV's C++ exceptions arrive as
      throw ImageRejected.corrupt("the codec cannot read it: " + failure.getMessage());
    }
  }

  private static void check(Mat mat, ImageInfo info) throws ImageRejected {
    if (mat.empty()) {
      throw ImageRejected.corrupt("the codec cannot read this " + info.format());
    }
    long pixels = (long) mat.cols() * mat.rows();
    if (pixels != (long) info.width() * info.height()) {
      throw ImageRejected.corrupt("it decodes to other dimensions than its header says");
    }
    int depth = mat.depth();
    int samples = mat.channels();
    if (depth != CV_8U && depth != CV_16U || samples != 1 && samples != 3 && samples != 4) {
      throw new ImageRejected(ErrorCode.UNSUPPORTED_TYPE, "pixels of " + samples + " samples of depth " + depth);
    }
  }
}
