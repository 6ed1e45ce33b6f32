package io.sightline.engine.nn;

import java.nio.FloatBuffer;

/** Computes probabilities with buffers of its own; used by one thread at a time. */
interface Runner extends AutoCloseable {

  /**
   * Reads {@code n} images from the buffer's position on and writes {@code n * outputs} numbers.
   *
   * @param n any number from 1
   */
  void forward(FloatBuffer input, int n, float[] probabilities);

  /** Memory of its own at this moment; any thread may ask. 0 where it is not worth counting. */
  default long bytes() {
    return 0;
  }

  /** Frees the buffers. */
  @Override
  void close();
}
