package io.sightline.engine.trace;

import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * W3C trace context: a place in a trace, as the header {@code traceparent} says it.
 *
 * @param traceId 32 hexadecimal digits
 * @param spanId 16 hexadecimal digits
 * @param flags two hexadecimal digits
 */
public record Traceparent(String traceId, String spanId, String flags) {
  private static final Pattern FORM =
      Pattern.compile("(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})");

  private static final int SAMPLED = 1;

  /** What {@code text} says, or null: it is null or malformed, which W3C has ignored. */
  public static Traceparent parse(String text) {
    Matcher matcher = text == null ? null : FORM.matcher(text);
    return matcher == null || !matcher.matches()
        ? null
        : new Traceparent(matcher.group(1), matcher.group(2), matcher.group(3));
  }

  /** Whether who began the trace wants its spans recorded. */
  public boolean sampled() {
    return (HexFormat.fromHexDigits(flags) & SAMPLED) != 0;
  }

  /** A new place in the same trace, below this one. */
  public Traceparent child() {
    long id;
    do {
      id = ThreadLocalRandom.current().nextLong();
    } while (id == 0); // W3C's "no span"
    return new Traceparent(traceId, HexFormat.of().toHexDigits(id), flags);
  }

  /** The header's text, in version 00. */
  public String text() {
    return "00-" + traceId + "-" + spanId + "-" + flags;
  }
}
