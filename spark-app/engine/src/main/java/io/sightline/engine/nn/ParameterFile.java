package io.sightline.engine.nn;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The file of parameters that BigDL writes beside a module's definition: numbered arrays, high byte first, and an MD5
 * sum at the end.
 *
 * <p>BigDL reads it float by float through five streams, 5 s of a processor for ResNet-50. The sum is not looked at: a
 * bundle's SHA-256 has covered the whole file.
 */
final class ParameterFile implements AutoCloseable {
  private static final int MAGIC = 3721;
  private static final int FLOAT = 0;
  /** Smaller: more system calls. Larger: no faster, and it leaves the processor's cache. */
  private static final int BUFFER_BYTES = 256 << 10;

  private final FileChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).limit(0);

  private ParameterFile(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * All arrays by number.
   *
   * @return null if some are not single floats, which BigDL itself can read
   * @throws IOException if it is no such file, or breaks off
   */
  static Map<Integer, float[]> read(Path path) throws IOException {
    try (ParameterFile file = new ParameterFile(FileChannel.open(path))) {
      return file.arrays();
    }
  }

  private Map<Integer, float[]> arrays() throws IOException {
    if (number() != MAGIC) {
      throw new IOException("not a file of parameters");
    }
    Map<Integer, float[]> arrays = new LinkedHashMap<>();
    for (int left = number(); left > 0; left--) {
      int id = number();
      if (number() != FLOAT) {
        return null;
      }
      arrays.put(id, array(number()));
    }
    return arrays;
  }

  private float[] array(int length) throws IOException {
    long left = channel.size() - channel.position() + buffer.remaining();
    if (length < 0 || (long) length * Float.BYTES > left) { // before it is allocated
      throw new EOFException("an array of " + length + " numbers in the last " + left + " bytes");
    }
    float[] values = new float[length];
    for (int done = 0; done < length; ) {
      require(Float.BYTES);
      int count = Math.min(length - done, buffer.remaining() / Float.BYTES);
      buffer.asFloatBuffer().get(values, done, count);
      buffer.position(buffer.position() + count * Float.BYTES);
      done += count;
    }
    return values;
  }

  private int number() throws IOException {
    require(Integer.BYTES);
    return buffer.getInt();
  }

  private void require(int bytes) throws IOException {
    if (buffer.remaining() >= bytes) {
      return;
    }
    buffer.compact();
    while (buffer.position() < bytes) {
      if (channel.read(buffer) < 0) {
        throw new EOFException("it breaks off");
      }
    }
    buffer.flip();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
