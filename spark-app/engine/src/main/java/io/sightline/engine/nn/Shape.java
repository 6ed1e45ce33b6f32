package io.sightline.engine.nn;

import java.util.Arrays;
import java.util.List;

/** The dimensions of one image's tensor, without the batch. */
final class Shape {
  private final int[] sides;

  Shape(int... sides) {
    this.sides = sides.clone();
  }

  int rank() {
    return sides.length;
  }

  int side(int axis) {
    return sides[axis];
  }

  List<Integer> sides() {
    return Arrays.stream(sides).boxed().toList();
  }

  /** Number of values. */
  int length() {
    int length = 1;
    for (int side : sides) {
      length = Math.multiplyExact(length, side);
    }
    return length;
  }

  Shape with(int axis, int side) {
    int[] changed = sides.clone();
    changed[axis] = side;
    return new Shape(changed);
  }

  Shape without(int axis) {
    int[] fewer = new int[sides.length - 1];
    System.arraycopy(sides, 0, fewer, 0, axis);
    System.arraycopy(sides, axis + 1, fewer, axis, fewer.length - axis);
    return new Shape(fewer);
  }

  /** As oneDNN wants it: the batch first. */
  long[] batched(int batch) {
    long[] dims = new long[sides.length + 1];
    dims[0] = batch;
    for (int i = 0; i < sides.length; i++) {
      dims[i + 1] = sides[i];
    }
    return dims;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(sides, shape.sides);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sides);
  }

  @Override
  public String toString() {
    return Arrays.toString(sides);
  }
}
