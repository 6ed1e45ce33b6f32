package io.sightline.engine.image;

/**
 * From untrusted bytes to a model's input: inspected, decoded, resized, cut and normalised. Immutable but for its cache;
 * safe for use by many threads.
 */
public final class Preprocessor {
  private static final int LEVELS = 256;

  private final ResizeRule rule;
  private final boolean grey;
  private final long maxPixels;
  private final float[][] normalised;
  private final AxisCache axes = new AxisCache();

  /**
   * @param mean of each channel; one makes the input grey, three make it RGB
   * @param std of each channel; the input is {@code (pixel - mean) / std} of pixels from 0 to 255
   * @param maxPixels the largest width times height of a source
   * @throws IllegalArgumentException mean and std are not one or three numbers each
   */
  public Preprocessor(ResizeRule rule, float[] mean, float[] std, long maxPixels) {
    if (mean.length != std.length || mean.length != 1 && mean.length != 3) {
      throw new IllegalArgumentException(mean.length + " means and " + std.length + " deviations: 1 or 3 of each");
    }
    this.rule = rule;
    this.grey = mean.length == 1;
    this.maxPixels = maxPixels;
    this.normalised = new float[mean.length][LEVELS];
    for (int channel = 0; channel < mean.length; channel++) {
      for (int level = 0; level < LEVELS; level++) {
        normalised[channel][level] = (level - mean[channel]) / std[channel];
      }
    }
  }

  /** Numbers of one image's input: channels x height x width. */
  public int inputLength() {
    return normalised.length * rule.height() * rule.width();
  }

  /**
   * Writes the input of {@code image} in the order channel, row, column to {@code input}, from index {@code at}.
   *
   * @throws ImageRejected the bytes are no image that can be classified
   */
  public void prepare(byte[] image, float[] input, int at) throws ImageRejected {
    byte[] pixels = pixels(image);
    int channels = normalised.length;
    int plane = pixels.length / channels;
    for (int channel = 0; channel < channels; channel++) {
      float[] values = normalised[channel];
      int to = at + channel * plane;
      for (int from = channel; from < pixels.length; from += channels) {
        input[to++] = values[pixels[from] & 0xff];
      }
    }
  }

  /**
   * The pixels that the input is made of, row by row, RGB or grey: {@code height * width * channels} bytes.
   *
   * @throws ImageRejected the bytes are no image that can be classified
   */
  public byte[] pixels(byte[] image) throws ImageRejected {
    ImageInfo info = ImageInspector.inspect(image, maxPixels);
    try (DecodedImage source = ImageDecoder.decode(image, info, grey)) {
      Axis horizontal = axes.get(rule.horizontal(source.width(), source.height()));
      Axis vertical = axes.get(rule.vertical(source.width(), source.height()));
      return Resizer.resize(source, horizontal, vertical);
    }
  }
}
