package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.FloatBuffer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HistogramTest {
  @Test
  void growsAndKeepsItsCounts() {
    Histogram histogram = new Histogram();
    add(histogram, 0.5f, -1, 0);
    add(histogram, 1, -100, 3);
    assertEquals(100, histogram.peak());
    assertEquals(5, total(histogram), "zeros do not count");
    assertEquals(3, near(histogram, 0, 1.01));
    assertEquals(1, near(histogram, 2.9, 3.1));
    assertEquals(1, near(histogram, 99.9, 100.1));
  }

  @Test
  void countsOnlyFromPositionToLimit() {
    Histogram histogram = new Histogram();
    histogram.add(FloatBuffer.wrap(new float[] {9, 1, 2, 9}, 1, 2));
    assertEquals(2, histogram.peak());
    assertEquals(2, total(histogram));
  }

  @Test
  void zerosAloneUseNoBin() {
    Histogram histogram = new Histogram();
    add(histogram, 0, 0);
    assertEquals(0, histogram.used());
    assertEquals(0, Clipping.bound(histogram, 127));
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void refusesWhatIsNoNumber(float value) {
    assertThrows(ArithmeticException.class, () -> add(new Histogram(), 1, value, 2));
  }

  /** One value far out among many: cutting it off costs less than steps twenty times as wide. */
  @Test
  void clipsALonelyPeak() {
    Histogram histogram = new Histogram();
    for (int i = 1; i <= 100_000; i++) {
      add(histogram, i / 100_000f);
    }
    assertEquals(1, Clipping.bound(histogram, 127), 0.02);
    add(histogram, 20);
    assertEquals(1, Clipping.bound(histogram, 15), 0.5);
  }

  private static void add(Histogram histogram, float... values) {
    histogram.add(FloatBuffer.wrap(values));
  }

  private static long total(Histogram histogram) {
    return IntStream.range(0, histogram.used()).mapToLong(histogram::count).sum();
  }

  private static long near(Histogram histogram, double low, double high) {
    return IntStream.range(0, histogram.used())
        .filter(bin -> bin * histogram.width() < high && (bin + 1) * histogram.width() > low)
        .mapToLong(histogram::count).sum();
  }
}
