package io.sightline.engine.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceparentTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String TEXT = "00-" + TRACE + "-b7ad6b7169203331-01";

  @Test
  void readsAndWritesTheHeader() {
    Traceparent place = Traceparent.parse(TEXT);

    assertEquals(new Traceparent(TRACE, "b7ad6b7169203331", "01"), place);
    assertEquals(TEXT, place.text());
    assertTrue(place.sampled());
    assertFalse(Traceparent.parse("00-" + TRACE + "-b7ad6b7169203331-02").sampled());
  }

  @Test
  void makesAPlaceBelow() {
    Traceparent place = Traceparent.parse(TEXT);
    Traceparent child = place.child();

    assertEquals(child, Traceparent.parse(child.text()));
    assertEquals(TRACE, child.traceId());
    assertNotEquals(place.spanId(), child.spanId());
    assertNotEquals(child.spanId(), place.child().spanId());
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(
      strings = {
        "", "nonsense",
        "00-" + TRACE + "-b7ad6b7169203331",
        "ff-" + TRACE + "-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-" + TRACE + "-0000000000000000-01",
        "00-" + TRACE + "-B7AD6B7169203331-01"
      })
  void ignoresWhatIsMalformed(String text) {
    assertNull(Traceparent.parse(text));
  }
}
