package io.sightline.engine.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.model.Failure;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeadLetterTest {
  private static final Failure FAILURE = new Failure(ErrorCode.TRUNCATED, "cut off");
  private static final int LIMIT = 20_000;

  private static String header(DeadLetter letter, String name) {
    List<Header> found = letter.headers().stream().filter(header -> header.name().equals(name)).toList();
    assertEquals(1, found.size(), name);
    return found.get(0).text();
  }

  private static long size(DeadLetter letter) {
    long value = letter.value() == null ? 0 : letter.value().length;
    return value + letter.key().length + letter.headers().stream().mapToLong(header -> header.size() + 10).sum();
  }

  @Test
  void keepsTheOriginalAndSaysWhyAndWhere() {
    ImageRecord record = Records.of(new byte[] {1, 2}, Header.of("name", "a.jpg"), new Header("empty", null));

    DeadLetter letter = DeadLetter.of(record, FAILURE, LIMIT);

    assertArrayEquals(new byte[] {1, 2}, letter.value());
    assertArrayEquals(record.key(), letter.key());
    assertEquals(record.headers(), letter.headers().subList(0, 2));
    assertEquals("truncated", header(letter, "error-code"));
    assertEquals("cut off", header(letter, "error-detail"));
    assertEquals("images", header(letter, "origin-topic"));
    assertEquals("2", header(letter, "origin-partition"));
    assertEquals("41", header(letter, "origin-offset"));
  }

  @Test
  void replacesTheReasonsOfAnEarlierLetter() {
    ImageRecord again = Records.of((byte) 1, Header.of("error-code", "empty"), Header.of("origin-offset", "3"));

    DeadLetter letter = DeadLetter.of(again, FAILURE, LIMIT);

    assertEquals("truncated", header(letter, "error-code"));
    assertEquals("41", header(letter, "origin-offset"));
  }

  /** The broker refuses a larger record, which would fail the query, and every restart would meet it again. */
  @Test
  void leavesOutWhatDoesNotFit() {
    DeadLetter letter = DeadLetter.of(Records.of(new byte[LIMIT - 100], Header.of("name", "a.jpg")), FAILURE, LIMIT);

    assertNull(letter.value());
    assertEquals("a.jpg", header(letter, "name"));
    assertTrue(header(letter, "error-detail").contains("the original is at origin-offset"));
    assertTrue(size(letter) < LIMIT);
  }

  @Test
  void leavesOutForeignHeadersThatDoNotFit() {
    List<Header> many = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      many.add(Header.of("name", "a".repeat(100)));
    }
    many.add(Header.of("junk", "x".repeat(LIMIT)));
    ImageRecord record = Records.of(new byte[1], many.toArray(Header[]::new));

    DeadLetter letter = DeadLetter.of(record, FAILURE, LIMIT);

    assertEquals("a".repeat(100), header(letter, "name"));
    assertEquals("truncated", header(letter, "error-code"));
    assertTrue(size(letter) < LIMIT);
  }
}
