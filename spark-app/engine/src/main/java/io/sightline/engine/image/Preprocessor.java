package io.sightline.engine.image;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * From untrusted bytes to a model's input: inspected, decoded, resized, cut and normalised. Immutable but for its
 * caches; safe for use by many threads.
 */
public final class Preprocessor {
  private static final int LEVELS = 256;

  private final ResizeRule rule;
  private final boolean grey;
  private final long maxPixels;
  private final float[][] normalised;
  private final AxisCache axes = new AxisCache();

  /** As many as threads can compute at once: more would only hold memory, fewer would allocate it anew. */
  private final BlockingQueue<Scratch> idle = new ArrayBlockingQueue<>(Runtime.getRuntime().availableProcessors());

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
    Inspected file = ImageInspector.parts(image, maxPixels);
    Scratch scratch = borrow();
    try {
      normalise(pixels(file, scratch), input, at);
    } finally {
      giveBack(scratch);
    }
  }

  /**
   * The pixels that the input is made of, row by row, RGB or grey: {@code height * width * channels} bytes.
   *
   * @throws ImageRejected the bytes are no image that can be classified
   */
  public byte[] pixels(byte[] image) throws ImageRejected {
    Inspected file = ImageInspector.parts(image, maxPixels);
    Scratch scratch = borrow();
    try {
      return pixels(file, scratch).clone();
    } finally {
      giveBack(scratch);
    }
  }

  /** The pixels, in memory of {@code scratch}. */
  private byte[] pixels(Inspected file, Scratch scratch) throws ImageRejected {
    ImageInfo info = file.info();
    int width = info.uprightWidth();
    int height = info.uprightHeight();
    int reduction = info.format() == ImageFormat.JPEG ? rule.reduction(width, height) : 1;
    RowSource source = ImageDecoder.decode(file, reduction, scratch);
    Extent columns = Extent.of(width, reduction, info.orientation().mirroredX());
    Extent rows = Extent.of(height, reduction, info.orientation().mirroredY());
    Axis horizontal = axes.get(rule.horizontal(width, height, columns));
    Axis vertical = axes.get(rule.vertical(width, height, rows));
    return scratch.resizer().resize(source, horizontal, vertical);
  }

  private void normalise(byte[] pixels, float[] input, int at) {
    int channels = normalised.length;
    int plane = rule.height() * rule.width();
    for (int channel = 0; channel < channels; channel++) {
      float[] values = normalised[channel];
      int to = at + channel * plane;
      for (int from = channel; from < plane * channels; from += channels) {
        input[to++] = values[pixels[from] & 0xff];
      }
    }
  }

  private Scratch borrow() {
    Scratch scratch = idle.poll();
    return scratch == null ? new Scratch(grey) : scratch;
  }

  private void giveBack(Scratch scratch) {
    scratch.trim();
    if (!idle.offer(scratch)) {
      scratch.close();
    }
  }
}
