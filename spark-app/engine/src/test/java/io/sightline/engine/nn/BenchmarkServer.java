package io.sightline.engine.nn;

import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * One contender of the engine benchmark (bench/engine), driven line by line over standard input, so that its rounds can
 * alternate with those of other processes. {@code BenchmarkServer KIND BUNDLE PRECISION THREADS INPUTS BATCH,...}:
 * INPUTS is a file of images, float32 little-endian NCHW.
 *
 * <p>Commands: {@code open BATCH} prepares each thread for batches of that size; {@code answers FILE} writes the first
 * batch's probabilities; {@code measure MS} has all threads classify batches that long and says how many images in how
 * many nanoseconds of the clock and of processors. Each answer is one line that begins with {@code bench}.
 */
public final class BenchmarkServer implements AutoCloseable {
  private final Contender contender;
  private final FloatBuffer images;
  private final List<ExecutorService> threads;
  private final List<Runner> runners = new ArrayList<>();
  private int batch;

  private BenchmarkServer(Contender contender, int threads, Path inputs) throws Exception {
    this.contender = contender;
    this.images = ByteBuffer.wrap(Files.readAllBytes(inputs)).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    // One each, not a pool of several: a runner stays with the thread that opened it.
    this.threads = Stream.generate(Executors::newSingleThreadExecutor).limit(threads).toList();
  }

  public static void main(String[] args) throws Exception {
    PrintStream answers = System.out;
    System.setOut(System.err); // whatever else prints must not pass for an answer
    List<Integer> batches = Stream.of(args[5].split(",")).map(Integer::valueOf).toList();
    long start = System.nanoTime();
    Contender contender = Contender.of(args[0], Path.of(args[1]), args[2], batches);
    try (BenchmarkServer server = new BenchmarkServer(contender, Integer.parseInt(args[3]), Path.of(args[4]))) {
      answers.printf("bench %s %d%n", contender.running(), (System.nanoTime() - start) / 1_000_000);
      BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
      for (String line = commands.readLine(); line != null; line = commands.readLine()) {
        answers.println("bench " + server.obey(line.split(" ", 2)));
      }
    }
  }

  private String obey(String[] command) throws Exception {
    return switch (command[0]) {
      case "open" -> open(Integer.parseInt(command[1]));
      case "answers" -> answers(Path.of(command[1]));
      case "measure" -> measure(Long.parseLong(command[1]) * 1_000_000);
      default -> throw new IllegalArgumentException("no such command: " + command[0]);
    };
  }

  private String open(int size) throws Exception {
    release();
    batch = size;
    for (ExecutorService thread : threads) {
      runners.add(thread.submit(() -> contender.open(size)).get());
    }
    onAllThreads(0); // buffers are made and weights touched by the first forward
    return "open";
  }

  private String answers(Path file) throws Exception {
    float[] probabilities = new float[batch * contender.source().outputs()];
    threads.get(0).submit(() -> runners.get(0).forward(images.duplicate(), batch, probabilities)).get();
    ByteBuffer bytes = ByteBuffer.allocate(probabilities.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(probabilities);
    Files.write(file, bytes.array());
    return "answered";
  }

  private String measure(long nanos) throws Exception {
    long start = System.nanoTime();
    long used = processorNanos();
    long done = onAllThreads(nanos);
    return done + " " + (System.nanoTime() - start) + " " + (processorNanos() - used);
  }

  /** Of all threads of this process, the virtual machine's own included. */
  private static long processorNanos() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
  }

  /** At least one batch on each thread, and more until the time is over; gives the number of images. */
  private long onAllThreads(long nanos) throws Exception {
    long end = System.nanoTime() + nanos;
    List<Future<Long>> running = new ArrayList<>();
    for (int i = 0; i < threads.size(); i++) {
      Runner runner = runners.get(i);
      running.add(threads.get(i).submit((Callable<Long>) () -> classifyUntil(end, runner)));
    }
    long done = 0;
    for (Future<Long> future : running) {
      done += future.get();
    }
    return done;
  }

  private long classifyUntil(long end, Runner runner) {
    float[] probabilities = new float[batch * contender.source().outputs()];
    FloatBuffer input = images.duplicate();
    long done = 0;
    do {
      runner.forward(input, batch, probabilities);
      done += batch;
    } while (System.nanoTime() < end);
    return done;
  }

  private void release() throws Exception {
    for (int i = 0; i < runners.size(); i++) {
      threads.get(i).submit(runners.get(i)::close).get();
    }
    runners.clear();
  }

  /** The process is about to end: what the runners hold ends with it. */
  @Override
  public void close() {
    threads.forEach(ExecutorService::shutdown);
  }
}
