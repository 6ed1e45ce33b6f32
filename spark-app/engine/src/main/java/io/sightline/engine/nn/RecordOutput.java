package io.sightline.engine.nn;

import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32C;

/** Writes what {@link RecordInput} reads: numbers, texts, lists, and records of such, part by part. */
final class RecordOutput {
  /** Smaller: more system calls. Larger: no faster, and it leaves the processor's cache. */
  private static final int BUFFER_BYTES = 256 << 10;

  private final WritableByteChannel channel;
  private final CRC32C sum = new CRC32C();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);

  RecordOutput(WritableByteChannel channel) {
    this.channel = channel;
  }

  /** Of a record behind an interface, its place among {@link RecordInput#variants} goes first. */
  void write(Class<?> declared, Object value) throws IOException {
    if (value instanceof float[] numbers) {
      floats(numbers);
    } else if (value instanceof String text) {
      bytes(text.getBytes(StandardCharsets.UTF_8));
    } else if (value instanceof Number number) {
      number(number);
    } else if (value instanceof Boolean flag) {
      integer(flag ? 1 : 0);
    } else if (value instanceof Enum<?> constant) {
      integer(constant.ordinal());
    } else if (value instanceof Shape shape) {
      shape(shape);
    } else if (value instanceof Record parts) {
      record(declared, parts);
    } else {
      throw new IllegalArgumentException("cannot write " + value.getClass());
    }
  }

  /** All of one declared type. */
  void writeAll(Class<?> declared, List<?> values) throws IOException {
    integer(values.size());
    for (Object value : values) {
      write(declared, value);
    }
  }

  /** Ends with a sum of everything written. */
  void finish() throws IOException {
    flush();
    buffer.putInt((int) sum.getValue());
    flush();
  }

  private void record(Class<?> declared, Record parts) throws IOException {
    if (declared.isInterface()) {
      integer(RecordInput.variants(declared).indexOf(parts.getClass()));
    }
    for (RecordComponent part : parts.getClass().getRecordComponents()) {
      Object value = value(parts, part);
      if (value instanceof List<?> values) {
        writeAll(RecordInput.element(part.getGenericType()), values);
      } else {
        write(part.getType(), value);
      }
    }
  }

  private static Object value(Record owner, RecordComponent part) {
    try {
      return part.getAccessor().invoke(owner);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("records of this package can be read", e);
    }
  }

  private void number(Number number) throws IOException {
    integer(number instanceof Float real ? Float.floatToRawIntBits(real) : number.intValue());
  }

  private void shape(Shape shape) throws IOException {
    integer(shape.rank());
    for (int axis = 0; axis < shape.rank(); axis++) {
      integer(shape.side(axis));
    }
  }

  private void integer(int value) throws IOException {
    require(Integer.BYTES);
    buffer.putInt(value);
  }

  private void bytes(byte[] values) throws IOException {
    integer(values.length);
    for (byte value : values) {
      require(1);
      buffer.put(value);
    }
  }

  private void floats(float[] values) throws IOException {
    integer(values.length);
    for (int done = 0; done < values.length; ) {
      require(Float.BYTES);
      int count = Math.min(values.length - done, buffer.remaining() / Float.BYTES);
      buffer.asFloatBuffer().put(values, done, count);
      buffer.position(buffer.position() + count * Float.BYTES);
      done += count;
    }
  }

  private void require(int bytes) throws IOException {
    if (buffer.remaining() < bytes) {
      flush();
    }
  }

  private void flush() throws IOException {
    buffer.flip();
    sum.update(buffer.duplicate());
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    buffer.clear();
  }
}
