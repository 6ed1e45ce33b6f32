package io.sightline.engine.nn;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A program compiled to oneDNN, one plan per batch size over shared weights. */
final class DnnlBackend implements Backend {
  /** A larger batch must move this share fewer bytes an image to be worth its memory. */
  private static final double WORTHWHILE = 0.95;

  private final NetworkSource source;
  private final Natives natives;
  private final Map<Integer, Plan> plans;
  private final Precision precision;
  private final long bytes;

  private DnnlBackend(
      NetworkSource source, Natives natives, Map<Integer, Plan> plans, Precision precision, long bytes) {
    this.source = source;
    this.natives = natives;
    this.plans = plans;
    this.precision = precision;
    this.bytes = bytes;
  }

  /** Compiles the batch sizes, which ascend, as long as the next one moves fewer bytes an image. */
  static DnnlBackend compile(NetworkSource source, Program program, List<Integer> batchSizes, Types types) {
    Natives natives = new Natives();
    boolean done = false;
    try {
      Constants constants = new Constants(natives);
      Map<Integer, Plan> plans = plans(program, batchSizes, types, natives, constants);
      done = true;
      return new DnnlBackend(source, natives, plans, types.precision(), constants.bytes());
    } finally {
      if (!done) {
        natives.close();
      }
    }
  }

  private static Map<Integer, Plan> plans(
      Program program, List<Integer> batchSizes, Types types, Natives natives, Constants constants) {
    Map<Integer, Plan> plans = new TreeMap<>();
    long cache = ProcessorCache.bytes();
    double before = Double.MAX_VALUE;
    for (int batch : batchSizes) {
      Lowering lowering = new Lowering(types, batch, constants, natives);
      Plan plan = Natives.scoped(() -> lowering.lower(program));
      double bytes = Natives.scoped(() -> Traffic.perImage(plan, cache));
      if (bytes > before * WORTHWHILE) {
        break;
      }
      before = bytes;
      plans.put(batch, plan);
    }
    return plans;
  }

  @Override
  public Runner newRunner() {
    return new PlanRunner(source, plans);
  }

  @Override
  public List<Integer> batchSizes() {
    return List.copyOf(plans.keySet());
  }

  @Override
  public EngineKind engine() {
    return EngineKind.ONEDNN;
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    natives.close();
  }

  /** Builds the memory for a batch size when it is first needed. */
  private static final class PlanRunner implements Runner {
    private final NetworkSource source;
    private final Map<Integer, Plan> plans;
    private final Batches batches;
    private final Map<Integer, Executor> executors = new TreeMap<>();
    private volatile long bytes;

    PlanRunner(NetworkSource source, Map<Integer, Plan> plans) {
      this.source = source;
      this.plans = plans;
      this.batches = new Batches(plans.keySet());
    }

    @Override
    public void forward(FloatBuffer input, int n, float[] probabilities) {
      int length = source.inputLength();
      for (int done = 0; done < n; ) {
        int batch = batches.next(n - done);
        int count = Math.min(batch, n - done);
        FloatBuffer images = input.slice(input.position() + done * length, count * length);
        executors.computeIfAbsent(batch, this::executor)
            .run(images, count, source.outputs(), probabilities, done * source.outputs());
        done += count;
      }
    }

    @Override
    public long bytes() {
      return bytes;
    }

    private Executor executor(int batch) {
      Executor executor = Natives.scoped(() -> new Executor(plans.get(batch)));
      bytes += plans.get(batch).bytes(); // by one thread at a time
      return executor;
    }

    @Override
    public void close() {
      List.copyOf(executors.values()).forEach(Executor::close);
      executors.clear();
    }
  }
}
