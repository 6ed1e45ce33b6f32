package io.sightline.engine.image;

import com.intel.analytics.bigdl.opencv.OpenCV;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.opencv.core.Mat;
import org.opencv.core.MatOfByte;
import org.opencv.imgcodecs.Imgcodecs;

/**
 * Times the codecs that a JVM with BigDL could choose from, one thread, from a file's bytes to RGB or BGR in memory:
 * {@code CodecBenchmark ROUNDS FILE...}. Prints the median milliseconds of each that can decode the file; they take
 * turns, so that a busy moment meets all of them.
 */
final class CodecBenchmark {
  private static final int WARM_UP = 30;

  private final Scratch scratch = new Scratch(false);
  private final List<Contender> contenders =
      List.of(
          new Contender("OpenCV 4.13", file -> ours(file, 1)),
          new Contender("at a half", file -> ours(file, 2)),
          new Contender("BigDL's OpenCV 4.2", file -> bigDls(file, Imgcodecs.IMREAD_COLOR)),
          new Contender("at a half", file -> bigDls(file, Imgcodecs.IMREAD_REDUCED_COLOR_2)),
          new Contender("ImageIO", CodecBenchmark::imageIo));

  private CodecBenchmark() {
    OpenCV.isOpenCVLoaded();
    ImageIO.setUseCache(false); // else it copies the bytes to a file first
  }

  private record Contender(String name, Decoder decoder) {
    /** Whether it knows the format: ImageIO has no WebP, and only JPEGs decode at a fraction. */
    boolean decodes(byte[] file) {
      try {
        return decoder.decode(file) > 0;
      } catch (IOException | ImageRejected e) {
        return false;
      }
    }
  }

  @FunctionalInterface
  private interface Decoder {
    /** Decodes the file and gives the image's width; less than 1 when there is no image. */
    int decode(byte[] file) throws IOException, ImageRejected;
  }

  public static void main(String[] args) throws IOException, ImageRejected {
    CodecBenchmark benchmark = new CodecBenchmark();
    int rounds = Integer.parseInt(args[0]);
    for (String name : Arrays.asList(args).subList(1, args.length)) {
      byte[] file = Files.readAllBytes(Path.of(name));
      System.out.println(Path.of(name).getFileName() + benchmark.medians(file, rounds));
    }
  }

  private String medians(byte[] file, int rounds) throws IOException, ImageRejected {
    List<Contender> able = contenders.stream().filter(contender -> contender.decodes(file)).toList();
    long[][] nanos = new long[able.size()][rounds];
    for (int round = -WARM_UP; round < rounds; round++) {
      for (int i = 0; i < nanos.length; i++) {
        long start = System.nanoTime();
        able.get(i).decoder().decode(file);
        if (round >= 0) {
          nanos[i][round] = System.nanoTime() - start;
        }
      }
    }
    List<String> columns = new ArrayList<>();
    for (int i = 0; i < nanos.length; i++) {
      Arrays.sort(nanos[i]);
      columns.add(String.format("  %s %.2f", able.get(i).name(), nanos[i][rounds / 2] / 1e6));
    }
    return String.join("", columns) + " ms";
  }

  private int ours(byte[] file, int reduction) throws ImageRejected {
    ImageDecoder.decode(ImageInspector.parts(file, Long.MAX_VALUE), reduction, scratch);
    return scratch.stored().cols();
  }

  private int bigDls(byte[] file, int flags) {
    MatOfByte bytes = new MatOfByte(file);
    Mat decoded = Imgcodecs.imdecode(bytes, flags | Imgcodecs.IMREAD_IGNORE_ORIENTATION);
    int width = decoded.cols();
    decoded.release();
    bytes.release();
    return width;
  }

  private static int imageIo(byte[] file) throws IOException {
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(file));
    return image == null ? 0 : image.getWidth();
  }
}
