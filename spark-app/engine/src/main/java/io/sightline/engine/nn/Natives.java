package io.sightline.engine.nn;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;

/**
 * The native objects that live as long as their owner. Everything else is made inside {@link #scoped} and freed at its
 * end.
 */
final class Natives implements AutoCloseable {
  private final Deque<Pointer> owned = new ArrayDeque<>();

  /** Does the work, then frees every native object that it made and nobody owns. */
  static <T> T scoped(Supplier<T> work) {
    PointerScope scope = new PointerScope();
    try {
      return work.get();
    } finally {
      scope.close();
    }
  }

  /** Keeps the object beyond the scope it was created in. */
  <P extends Pointer> P own(P pointer) {
    pointer.retainReference();
    owned.push(pointer);
    return pointer;
  }

  /** Frees the objects, the last one first. */
  @Override
  public void close() {
    while (!owned.isEmpty()) {
      owned.pop().releaseReference();
    }
  }
}
