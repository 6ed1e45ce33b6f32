package io.sightline.engine.nn;

import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Reads what {@link RecordOutput} wrote. Nothing is made but what the reader asks for and its parts: unlike Java's
 * serialization it runs no code that a file names.
 */
final class RecordInput {
  private final ByteBuffer buffer;

  private RecordInput(ByteBuffer buffer) {
    this.buffer = buffer;
  }

  /** @throws IllegalArgumentException the sum at the end is another: a byte was changed, or some are missing */
  static RecordInput of(ByteBuffer file) {
    int end = file.limit() - Integer.BYTES;
    if (end < 0) {
      throw new IllegalArgumentException("it breaks off");
    }
    CRC32C sum = new CRC32C();
    sum.update(file.duplicate().limit(end));
    if (file.duplicate().order(ByteOrder.LITTLE_ENDIAN).getInt(end) != (int) sum.getValue()) {
      throw new IllegalArgumentException("its sum is another");
    }
    return new RecordInput(file.duplicate().limit(end).order(ByteOrder.LITTLE_ENDIAN));
  }

  /** The next value, which was written as one of this type. */
  <T> T read(Class<T> type) {
    @SuppressWarnings("unchecked") // of primitive types, whose class stands for the boxed one's
    T value = (T) value(type);
    return value;
  }

  <T> List<T> readAll(Class<T> type) {
    int count = buffer.getInt();
    List<T> values = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      values.add(read(type));
    }
    return List.copyOf(values);
  }

  /** The records that a sealed interface stands for, in a fixed order. */
  static List<Class<?>> variants(Class<?> type) {
    if (!type.isInterface()) {
      return List.of(type);
    }
    List<Class<?>> variants = new ArrayList<>();
    for (Class<?> permitted : type.getPermittedSubclasses()) {
      variants(permitted).stream().filter(variant -> !variants.contains(variant)).forEach(variants::add);
    }
    return variants;
  }

  /** What a list has. */
  static Class<?> element(Type list) {
    return (Class<?>) ((ParameterizedType) list).getActualTypeArguments()[0];
  }

  private Object value(Class<?> type) {
    if (type == float[].class) {
      return floats();
    } else if (type == String.class) {
      byte[] text = new byte[buffer.getInt()];
      buffer.get(text);
      return new String(text, StandardCharsets.UTF_8);
    } else if (type == int.class || type == Integer.class) {
      return buffer.getInt();
    } else if (type == float.class || type == Float.class) {
      return buffer.getFloat();
    } else if (type == boolean.class) {
      return buffer.getInt() != 0;
    } else if (type.isEnum()) {
      return type.getEnumConstants()[buffer.getInt()];
    } else if (type == Shape.class) {
      return shape();
    }
    return record(type.isInterface() ? variants(type).get(buffer.getInt()) : type);
  }

  private Object record(Class<?> type) {
    RecordComponent[] parts = type.getRecordComponents();
    Object[] values = new Object[parts.length];
    for (int i = 0; i < parts.length; i++) {
      boolean list = parts[i].getType() == List.class;
      values[i] = list ? readAll(element(parts[i].getGenericType())) : value(parts[i].getType());
    }
    try {
      Class<?>[] types = Arrays.stream(parts).map(RecordComponent::getType).toArray(Class<?>[]::new);
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      return constructor.newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException("no " + type.getSimpleName(), e);
    }
  }

  private float[] floats() {
    int length = buffer.getInt();
    if (length < 0 || length > buffer.remaining() / Float.BYTES) { // before it is allocated
      throw new IllegalArgumentException("an array of " + length + " numbers in the last " + buffer.remaining());
    }
    float[] values = new float[length];
    buffer.asFloatBuffer().get(values);
    buffer.position(buffer.position() + length * Float.BYTES);
    return values;
  }

  private Shape shape() {
    int[] sides = new int[buffer.getInt()];
    for (int axis = 0; axis < sides.length; axis++) {
      sides[axis] = buffer.getInt();
    }
    return new Shape(sides);
  }
}
