package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class SelfCheckTest {
  private static final NetworkSource SOURCE =
      new NetworkSource("fake", Path.of("a"), Path.of("b"), 1, 2, 2, 3, OutputKind.PROBABILITIES);

  private SelfCheck check;

  @BeforeEach
  void askTheReferee() {
    check = new SelfCheck(SOURCE, new Answering(0f));
  }

  @Test
  void acceptsRounding() {
    assertTrue(check.deviation(new Answering(1e-6f), 5, Precision.F32) < 1);
  }

  @Test
  void refusesAnotherAnswer() {
    assertTrue(check.deviation(new Answering(2e-3f), 5, Precision.F32) > 1);
  }

  @Test
  void allowsBf16MoreThanSingle() {
    assertTrue(check.deviation(new Answering(2e-3f), 5, Precision.BF16) < 1);
    assertTrue(check.deviation(new Answering(0.2f), 5, Precision.BF16) > 1);
  }

  /** A network whose probabilities are all small must not pass for right by being small. */
  @Test
  void judgesSmallProbabilitiesByTheLargest() {
    SelfCheck faint = new SelfCheck(SOURCE, new Fixed(0.001f, 0.0005f, 0.0002f));
    assertTrue(faint.deviation(new Fixed(0.00105f, 0.0005f, 0.0002f), 1, Precision.BF16) < 1);
    assertTrue(faint.deviation(new Fixed(0.0005f, 0.001f, 0.0002f), 1, Precision.BF16) > 1);
  }

  @Test
  void letsNearTiesChangePlaces() {
    SelfCheck tied = new SelfCheck(SOURCE, new Fixed(0.401f, 0.4f, 0.199f));
    assertTrue(tied.deviation(new Fixed(0.399f, 0.402f, 0.199f), 1, Precision.BF16) < 1);
  }

  @Test
  void refusesAnotherFirstLabel() {
    SelfCheck clear = new SelfCheck(SOURCE, new Fixed(0.42f, 0.38f, 0.2f));
    assertTrue(clear.deviation(new Fixed(0.395f, 0.405f, 0.2f), 1, Precision.BF16) > 1);
  }

  @Test
  void refusesNotANumber() {
    double deviation = check.deviation(new Answering(Float.NaN), 5, Precision.F32);
    assertTrue(!(deviation <= 1), "deviation " + deviation);
  }

  /** Answers from each image's first value, off by a little. */
  private record Answering(float error) implements Runner {
    @Override
    public void forward(FloatBuffer input, int n, float[] probabilities) {
      for (int i = 0; i < n; i++) {
        float seen = 1 / (1 + Math.abs(input.get(i * SOURCE.inputLength())));
        probabilities[i * 3] = seen + error;
        probabilities[i * 3 + 1] = 1 - seen;
        probabilities[i * 3 + 2] = 0;
      }
    }

    @Override
    public void close() {
      // Owns nothing.
    }
  }

  /** Says the same of every image. */
  private record Fixed(float... answer) implements Runner {
    @Override
    public void forward(FloatBuffer input, int n, float[] probabilities) {
      for (int i = 0; i < n; i++) {
        System.arraycopy(answer, 0, probabilities, i * answer.length, answer.length);
      }
    }

    @Override
    public void close() {
      // Owns nothing.
    }
  }
}
