package io.sightline.engine.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Times the steps from a file to a model's input, one thread: {@code DecodeBenchmark ROUNDS FILE...}. Prints the median
 * milliseconds of each step; the files take turns, so that a busy moment meets all of them.
 */
final class DecodeBenchmark {
  private static final int WARM_UP = 150;
  private static final String[] STEPS = {"inspect", "decode", "resize", "prepare"};
  private static final ResizeRule RULE =
      new ResizeRule(ResizeRule.Shape.SHORTER_SIDE, 256, Interpolation.BICUBIC, 224, 224);

  private final Preprocessor preprocessor;
  private final Scratch scratch = new Scratch(false);

  private DecodeBenchmark() {
    float[] ones = {1, 1, 1};
    preprocessor = new Preprocessor(RULE, ones, ones, 100_000_000);
  }

  public static void main(String[] args) throws IOException, ImageRejected {
    DecodeBenchmark benchmark = new DecodeBenchmark();
    int rounds = Integer.parseInt(args[0]);
    byte[][] files = new byte[args.length - 1][];
    for (int i = 0; i < files.length; i++) {
      files[i] = Files.readAllBytes(Path.of(args[i + 1]));
    }
    long[][][] nanos = new long[files.length][STEPS.length][rounds];
    for (int round = -WARM_UP; round < rounds; round++) {
      for (int file = 0; file < files.length; file++) {
        long[] steps = benchmark.steps(files[file]);
        for (int step = 0; round >= 0 && step < steps.length; step++) {
          nanos[file][step][round] = steps[step];
        }
      }
    }
    for (int file = 0; file < files.length; file++) {
      print(args[file + 1], nanos[file]);
    }
  }

  private long[] steps(byte[] file) throws ImageRejected {
    long start = System.nanoTime();
    Inspected inspected = ImageInspector.parts(file, 100_000_000);
    ImageInfo info = inspected.info();
    int reduction =
        info.format() == ImageFormat.JPEG ? RULE.reduction(info.uprightWidth(), info.uprightHeight()) : 1;
    long begun = System.nanoTime();
    RowSource source = ImageDecoder.decode(inspected, reduction, scratch);
    long decoded = System.nanoTime();
    Extent columns = Extent.of(info.uprightWidth(), reduction, info.orientation().mirroredX());
    Extent rows = Extent.of(info.uprightHeight(), reduction, info.orientation().mirroredY());
    Axis horizontal = Axis.of(RULE.horizontal(info.uprightWidth(), info.uprightHeight(), columns));
    Axis vertical = Axis.of(RULE.vertical(info.uprightWidth(), info.uprightHeight(), rows));
    long planned = System.nanoTime();
    scratch.resizer().resize(source, horizontal, vertical);
    long resized = System.nanoTime();
    preprocessor.prepare(file, new float[preprocessor.inputLength()], 0);
    return new long[] {begun - start, decoded - begun, resized - planned, System.nanoTime() - resized};
  }

  private static void print(String file, long[][] nanos) {
    StringBuilder line = new StringBuilder(Path.of(file).getFileName().toString());
    for (int step = 0; step < STEPS.length; step++) {
      Arrays.sort(nanos[step]);
      line.append(String.format("  %s %.2f", STEPS[step], nanos[step][nanos[step].length / 2] / 1e6));
    }
    System.out.println(line.append(" ms"));
  }
}
