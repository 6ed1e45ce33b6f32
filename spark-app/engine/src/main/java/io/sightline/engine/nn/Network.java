package io.sightline.engine.nn;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A loaded image classifier: immutable, shared by all threads. Each thread {@link #open() opens} a {@link Session} of
 * its own.
 *
 * <p>A closed session's buffers are kept for the next one, up to {@link NetworkOptions#idleSessions()}. How many
 * sessions are open at once is not limited: that is the caller's number of threads.
 */
public final class Network implements AutoCloseable {
  private final NetworkSource source;
  private final Backend backend;
  private final int maxIdle;

  private final Object lock = new Object();
  private final Deque<Runner> idle = new ArrayDeque<>();
  private final Set<Runner> busy = Collections.newSetFromMap(new IdentityHashMap<>());
  private int open;
  private boolean closed;

  Network(NetworkSource source, Backend backend, int maxIdle) {
    this.source = source;
    this.backend = backend;
    this.maxIdle = maxIdle;
  }

  /**
   * Loads, compiles and checks a network, and runs it once per batch size.
   *
   * @throws NetworkException if the files are no BigDL model, or one with other inputs or outputs than the source says
   */
  public static Network load(NetworkSource source, NetworkOptions options) throws NetworkException {
    return new NetworkLoader(source, options).load();
  }

  /**
   * Begins in the background what the first load in this JVM needs; returns at once. Worth calling where something else
   * is to be done first, as checking files.
   *
   * @param name the network's, as its source will say
   */
  public static void prepare(String name, NetworkOptions options) {
    if (ProgramCache.has(name, options)) {
      HeadStart.beginCompiler();
    } else {
      HeadStart.begin();
    }
  }

  /** Floats that come out per image: probabilities, or the values of the layer that was asked for. */
  public int outputs() {
    return source.outputs();
  }

  /** Whether what comes out are a layer's values and no probabilities. */
  public boolean givesFeatures() {
    return source.layer().isPresent();
  }

  /** Floats per image: channels x height x width. */
  public int inputLength() {
    return source.inputLength();
  }

  /** Whether the network runs on oneDNN; otherwise BigDL's own, slower forward runs. */
  public boolean compiled() {
    return backend.engine() == EngineKind.ONEDNN;
  }

  /** What computes: {@link EngineKind#BIGDL} also where the network could not be compiled. */
  public EngineKind engine() {
    return backend.engine();
  }

  /** How many images are computed at once at most; larger batches are divided. */
  public int largestBatch() {
    return Collections.max(backend.batchSizes());
  }

  /** The precision that was chosen for this CPU and passed the self-check. */
  public Precision precision() {
    return backend.precision();
  }

  /** Memory that weights and all sessions take, idle ones included; it grows as sessions meet larger batches. */
  public long bytes() {
    synchronized (lock) {
      long total = backend.bytes();
      for (Runner runner : idle) {
        total += runner.bytes();
      }
      for (Runner runner : busy) {
        total += runner.bytes();
      }
      return total;
    }
  }

  /** Gives the calling thread a session; close it to hand its buffers on. */
  public Session open() {
    return openUnlessClosed().orElseThrow(
        () -> new IllegalStateException(source.name() + ": the network is closed"));
  }

  /** The same; empty where somebody has closed the network. */
  public Optional<Session> openUnlessClosed() {
    Runner runner;
    synchronized (lock) {
      if (closed) {
        return Optional.empty();
      }
      open++;
      runner = idle.poll();
      if (runner != null) {
        busy.add(runner);
      }
    }
    return Optional.of(new Session(this, runner == null ? build() : runner));
  }

  /** Whether no session can be opened any more. */
  public boolean isClosed() {
    synchronized (lock) {
      return closed;
    }
  }

  /** Frees the network at once if no session is open; says whether it is closed now. */
  public boolean closeIfUnused() {
    synchronized (lock) {
      if (open == 0) {
        close();
      }
      return closed;
    }
  }

  /** Frees the network once the last open session is closed; no session can be opened any more. */
  @Override
  public void close() {
    synchronized (lock) {
      if (!closed) {
        closed = true;
        idle.forEach(Runner::close);
        idle.clear();
        closeBackendWhenUnused();
      }
    }
  }

  void giveBack(Runner runner) {
    synchronized (lock) {
      open--;
      busy.remove(runner);
      if (closed || idle.size() >= maxIdle) {
        runner.close();
      } else {
        idle.push(runner);
      }
      closeBackendWhenUnused();
    }
  }

  /** Takes a runner out of use that failed half-way: nobody knows what its buffers hold. */
  void discard(Runner runner) {
    synchronized (lock) {
      open--;
      busy.remove(runner);
      runner.close();
      closeBackendWhenUnused();
    }
  }

  private Runner build() {
    Runner runner = null;
    try {
      runner = Objects.requireNonNull(backend.newRunner());
      synchronized (lock) {
        busy.add(runner);
      }
      return runner;
    } finally {
      if (runner == null) {
        synchronized (lock) {
          open--;
          closeBackendWhenUnused();
        }
      }
    }
  }

  private void closeBackendWhenUnused() {
    if (closed && open == 0) {
      backend.close();
    }
  }
}
