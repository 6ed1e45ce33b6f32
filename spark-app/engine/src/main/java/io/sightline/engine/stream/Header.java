package io.sightline.engine.stream;

import java.nio.charset.StandardCharsets;

/** One Kafka header; the value may be null. */
record Header(String name, byte[] value) {
  static Header of(String name, String value) {
    return new Header(name, value.getBytes(StandardCharsets.UTF_8));
  }

  /** The value's text; bytes that are not UTF-8 become replacement characters. */
  String text() {
    return new String(value, StandardCharsets.UTF_8);
  }

  /** Bytes of name and value. */
  int size() {
    return name.getBytes(StandardCharsets.UTF_8).length + (value == null ? 0 : value.length);
  }
}
