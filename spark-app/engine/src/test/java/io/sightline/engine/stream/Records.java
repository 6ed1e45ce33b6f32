package io.sightline.engine.stream;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** Image records and options for tests. */
final class Records {
  static final String ID = "01994ad0-7c3e-7a10-9d4f-2b6c8e1f0a35";
  static final ImageRecord.Origin ORIGIN = new ImageRecord.Origin("images", 2, 41, 1_795_323_600_123L);

  private Records() {}

  static ImageRecord of(byte[] value, Header... headers) {
    return new ImageRecord(ORIGIN, ID.getBytes(StandardCharsets.US_ASCII), value, List.of(headers));
  }

  static ImageRecord of(byte first, Header... headers) {
    return of(new byte[] {first}, headers);
  }

  static StreamOptions options(int batchSize) {
    return options(batchSize, null);
  }

  static StreamOptions options(int batchSize, ShadowOptions shadow) {
    return new StreamOptions(
        "models", "fake", "results", "dead-letters", 100, 100 + (64 << 10), 1000, List.of(1, 4), "onednn", "auto",
        batchSize, "", null, 1 << 30, shadow);
  }
}
