package io.sightline.engine.image;

/**
 * Judges untrusted bytes before any codec sees them: type by signature, size by headers, end by end marker.
 *
 * <p>Codecs return an image for nearly every damaged JPEG and allocate what a header claims, so both are checked here.
 */
public final class ImageInspector {
  /** JPEG's and GIF's own limit. It also bounds the resizer's tables, which grow with the longer side. */
  static final int MAX_SIDE = 65_535;

  private static final String PNG_SIGNATURE = "\u0089PNG\r\n\u001a\n";

  private ImageInspector() {}

  /**
   * The headers of a whole file.
   *
   * @param maxPixels the largest width times height
   * @throws ImageRejected it is empty, of another type, cut off, damaged, or larger than {@code maxPixels}
   */
  public static ImageInfo inspect(byte[] data, long maxPixels) throws ImageRejected {
    return parts(data, maxPixels).info();
  }

  /** The same with the parts of the file that its codec gets. */
  static Inspected parts(byte[] data, long maxPixels) throws ImageRejected {
    if (data.length == 0) {
      throw new ImageRejected(ErrorCode.EMPTY, "the record has no bytes");
    }
    Dimensions limit = new Dimensions(maxPixels);
    ByteView view = new ByteView(data);
    return switch (sniff(view)) {
      case JPEG -> JpegInspector.inspect(view, data, limit);
      case PNG -> PngInspector.inspect(view, data, limit);
      case WEBP -> WebpInspector.inspect(view, data, limit);
      case GIF -> GifInspector.inspect(view, data, limit);
      case BMP -> BmpInspector.inspect(view, data, limit);
    };
  }

  private static ImageFormat sniff(ByteView view) throws ImageRejected {
    if (view.startsWith(0, "\u00ff\u00d8\u00ff")) {
      return ImageFormat.JPEG;
    }
    if (view.startsWith(0, PNG_SIGNATURE)) {
      return ImageFormat.PNG;
    }
    if (view.startsWith(0, "RIFF") && view.startsWith(8, "WEBP")) {
      return ImageFormat.WEBP;
    }
    if (view.startsWith(0, "GIF87a") || view.startsWith(0, "GIF89a")) {
      return ImageFormat.GIF;
    }
    if (view.startsWith(0, "BM")) {
      return ImageFormat.BMP;
    }
    throw new ImageRejected(ErrorCode.UNSUPPORTED_TYPE, "not a JPEG, PNG, WebP, GIF or BMP file");
  }

  /** The limit on width and height, checked by every format as soon as it has read them. */
  record Dimensions(long maxPixels) {
    void check(long width, long height) throws ImageRejected {
      if (width < 1 || height < 1) {
        throw ImageRejected.corrupt("the headers say " + width + " x " + height + " pixels");
      }
      if (width > MAX_SIDE || height > MAX_SIDE) {
        throw tooMany(width, height, "a side is longer than " + MAX_SIDE);
      }
      if (width * height > maxPixels) {
        throw tooMany(width, height, "the limit is " + maxPixels);
      }
    }

    private static ImageRejected tooMany(long width, long height, String why) {
      return new ImageRejected(ErrorCode.TOO_MANY_PIXELS, width + " x " + height + " pixels: " + why);
    }
  }
}
