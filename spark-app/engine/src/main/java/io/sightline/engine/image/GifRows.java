package io.sightline.engine.image;

/**
 * A GIF's first frame on its canvas, as Pillow shows it without transparency. Read here and not by OpenCV: its reader
 * rebuilds a table of 4,096 strings at each clear code, so that a small file could keep it busy for minutes.
 */
final class GifRows implements RowSource {
  private static final int RGB = 3;
  private static final int COLOURS = 256;
  private static final int[] PASS_START = {0, 4, 2, 1};
  private static final int[] PASS_STEP = {8, 8, 4, 2};

  private final GifFrame frame;
  private final byte[] palette = new byte[COLOURS * RGB];
  private final byte[] indexes;
  private final int[] storedRow;

  /**
   * @throws ImageRejected the frame's data is damaged
   */
  GifRows(byte[] data) throws ImageRejected {
    this.frame = GifInspector.firstFrame(data);
    this.indexes = GifLzw.indexes(data, frame.data(), frame.box().width() * frame.box().height());
    this.storedRow = storedRows(frame);
    for (int i = 0; i < palette.length; i++) {
      palette[i] = i < frame.colours() * RGB ? data[frame.palette() + i] : (byte) (i / RGB); // else a grey ramp
    }
  }

  private static int[] storedRows(GifFrame frame) {
    int[] rows = new int[frame.box().height()];
    int stored = 0;
    for (int pass = 0; pass < PASS_START.length; pass++) {
      for (int y = PASS_START[pass]; y < rows.length; y += PASS_STEP[pass]) {
        rows[y] = frame.interlaced() ? stored++ : y;
      }
    }
    return rows;
  }

  @Override
  public void read(int y, int from, int count, byte[] row) {
    GifFrame.Box box = frame.box();
    int inFrame = y - box.top();
    boolean outside = inFrame < 0 || inFrame >= box.height();
    int start = outside ? 0 : storedRow[inFrame] * box.width();
    for (int i = 0; i < count; i++) {
      int x = from + i - box.left();
      int index = outside || x < 0 || x >= box.width() ? frame.background() : indexes[start + x] & 0xff;
      System.arraycopy(palette, index * RGB, row, i * RGB, RGB);
    }
  }
}
