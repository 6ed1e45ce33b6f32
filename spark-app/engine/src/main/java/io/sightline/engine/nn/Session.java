package io.sightline.engine.nn;

import java.nio.FloatBuffer;

/** One thread's way into a {@link Network}. Not thread-safe, but it may move from thread to thread. */
public final class Session implements AutoCloseable {
  private final Network network;
  private Runner runner;
  private boolean sound = true;

  Session(Network network, Runner runner) {
    this.network = network;
    this.runner = runner;
  }

  /**
   * Computes {@code n} images.
   *
   * @param input {@code n x} {@link Network#inputLength()} floats, NCHW
   * @param n any number from 1
   * @param probabilities receives {@code n x} {@link Network#outputs()} floats: rows that each sum to 1, or the values
   *     of the layer that was asked for
   */
  public void forward(float[] input, int n, float[] probabilities) {
    forward(FloatBuffer.wrap(input), n, probabilities);
  }

  /** The same, from the buffer's position on; position and limit stay as they are. */
  public void forward(FloatBuffer input, int n, float[] probabilities) {
    if (runner == null) {
      throw new IllegalStateException("the session is closed");
    }
    check(n >= 1, "n must be at least 1", n);
    check(input.remaining() >= (long) n * network.inputLength(), "the input is too short for n", n);
    check(probabilities.length >= (long) n * network.outputs(), "probabilities is too short for n", n);
    sound = false;
    runner.forward(input, n, probabilities);
    sound = true;
  }

  /** Hands the buffers back to the network. Closing twice does nothing. */
  @Override
  public void close() {
    if (runner == null) {
      return;
    }
    Runner done = runner;
    runner = null;
    if (sound) {
      network.giveBack(done);
    } else {
      network.discard(done);
    }
  }

  private static void check(boolean valid, String message, int n) {
    if (!valid) {
      throw new IllegalArgumentException(message + " = " + n);
    }
  }
}
