package io.sightline.engine.image;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.opencv.opencv_core.Mat;

/**
 * The memory that one thread prepares images in, kept from image to image. {@link #trim} gives back what an unusually
 * large image took.
 */
final class Scratch implements AutoCloseable {
  /** Photos of cameras stay below; what is larger is paid for by whoever sends it, not kept by everybody. */
  private static final long KEPT_FILE = 4L << 20;

  /** 5 megapixels, or 20 and more of a JPEG that was reduced. */
  private static final long KEPT_PIXELS = 16L << 20;

  private final Mat stored = owned(new Mat());
  private final Mat turned = owned(new Mat());
  private BytePointer encoded = owned(new BytePointer(1L << 17));
  private final Resizer resizer;

  /** For images that become grey, or RGB. */
  Scratch(boolean grey) {
    this.resizer = new Resizer(grey);
  }

  Resizer resizer() {
    return resizer;
  }

  /** The pixels as the codec writes them. */
  Mat stored() {
    return stored;
  }

  /** A second image, for what cannot be turned in place. */
  Mat turned() {
    return turned;
  }

  /** The file's parts in native memory. */
  BytePointer encoded(Parts parts) {
    int length = parts.length();
    if (encoded.capacity() < length) {
      encoded.close();
      encoded = owned(new BytePointer(Long.highestOneBit(length) * 2));
    }
    parts.copyTo(encoded.position(0).asByteBuffer());
    return encoded;
  }

  /** Frees what is larger than most images need. */
  void trim() {
    release(stored);
    release(turned);
    if (encoded.capacity() > KEPT_FILE) {
      encoded.close();
      encoded = owned(new BytePointer(KEPT_FILE));
    }
  }

  @Override
  public void close() {
    stored.close();
    turned.close();
    encoded.close();
  }

  private static void release(Mat mat) {
    if (!mat.empty() && mat.total() * mat.elemSize() > KEPT_PIXELS) {
      mat.release();
    }
  }

  /** Kept beyond any scope of the thread that happens to make it. */
  private static <P extends Pointer> P owned(P pointer) {
    pointer.retainReference();
    return pointer;
  }
}
