package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class SpanTest {
  @Test
  void padsSameWithTheOddOneAfter() {
    assertEquals(new Span(3, 2, 0, 1), Span.same(224, 3, 2));
    assertEquals(112, Span.same(224, 3, 2).windows(224));
    assertEquals(new Span(5, 1, 2, 2), Span.same(7, 5, 1));
    assertEquals(new Span(1, 2, 0, 0), Span.same(7, 1, 2));
  }

  @Test
  void leavesOutWindowsThatPassTheEnd() {
    assertEquals(5, Span.floor(11, 3, 2, 0).windows(11));
    assertEquals(6, Span.floor(12, 3, 2, 1).windows(12));
  }

  @Test
  void letsTheLastWindowPassTheEndButNotStartBehindIt() {
    assertEquals(6, Span.ceil(12, 3, 2, 0).windows(12));
    assertEquals(1, Span.ceil(12, 3, 2, 0).after());
    assertEquals(4, Span.ceil(7, 2, 2, 0).windows(7));
    assertEquals(3, Span.ceil(5, 2, 2, 1).windows(5));
  }
}
