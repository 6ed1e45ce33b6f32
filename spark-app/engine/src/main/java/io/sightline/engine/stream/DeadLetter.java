package io.sightline.engine.stream;

import io.sightline.engine.model.Failure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The original record with why and where it failed; it always fits its topic, or it would stop the query. */
record DeadLetter(byte[] key, byte[] value, List<Header> headers) {
  private static final Set<String> OWN =
      Set.of("error-code", "error-detail", "origin-topic", "origin-partition", "origin-offset");

  private static final Set<String> CONTRACT =
      Set.of("content-type", "source", "stream", "name", "model", "accepted-at", "traceparent");

  /** Kafka's framing of a batch of one record with all our headers takes less. */
  private static final int FRAMING = 1024;

  /** Framing of one header: two variable-length integers. */
  private static final int HEADER_FRAMING = 10;

  /** A contract header is shorter; a foreign one this long goes when the letter does not fit. */
  private static final int LONG_HEADER = 1024;

  /** Keys are ids of 36 bytes; a foreign key longer than this goes when the letter does not fit. */
  private static final int LONG_KEY = 1024;

  /**
   * The letter of {@code record}, at most {@code limit} bytes as a Kafka record. One that is larger with its own
   * headers leaves out the value, and if need be foreign headers and key; the detail says where the original is.
   */
  static DeadLetter of(ImageRecord record, Failure failure, int limit) {
    DeadLetter whole = new DeadLetter(record.key(), record.value(), headers(record, failure.detail(), failure));
    if (whole.size() <= limit) {
      return whole;
    }
    String detail = failure.detail() + " (too large to copy: the original is at origin-offset)";
    DeadLetter hollow = new DeadLetter(record.key(), null, headers(record, detail, failure));
    return hollow.size() <= limit ? hollow : hollow.withoutForeignParts();
  }

  private static List<Header> headers(ImageRecord record, String detail, Failure failure) {
    List<Header> headers = new ArrayList<>(record.headers());
    headers.removeIf(header -> OWN.contains(header.name())); // of an earlier letter that was sent again
    headers.add(Header.of("error-code", failure.code().text()));
    headers.add(Header.of("error-detail", detail));
    headers.addAll(record.origin().headers());
    return headers;
  }

  private DeadLetter withoutForeignParts() {
    Map<String, Header> kept = new LinkedHashMap<>(); // by name: a header sent a thousand times is kept once
    for (Header header : headers) {
      if (OWN.contains(header.name()) || CONTRACT.contains(header.name()) && header.size() <= LONG_HEADER) {
        kept.put(header.name(), header);
      }
    }
    return new DeadLetter(length(key) > LONG_KEY ? null : key, value, List.copyOf(kept.values()));
  }

  private long size() {
    long size = FRAMING + length(key) + length(value);
    for (Header header : headers) {
      size += header.size() + HEADER_FRAMING;
    }
    return size;
  }

  private static long length(byte[] bytes) {
    return bytes == null ? 0 : bytes.length;
  }
}
