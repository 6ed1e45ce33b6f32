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
    assertTrue(check.deviation(new Answering(1e-6f), 5) < 1);
  }

  @Test
  void refusesAnotherAnswer() {
    assertTrue(check.deviation(new Answering(2e-3f), 5) > 1);
  }

  @Test
  void refusesNotANumber() {
    double deviation = check.deviation(new Answering(Float.NaN), 5);
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
}
