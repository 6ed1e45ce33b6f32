package io.sightline.engine.table;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TopicTablesTest {
  @Test
  void readsWhatTheShellWrites() {
    TopicTables tables = TopicTables.parse(
        "{\"sources\": {\"kafka_images\": {\"subscribe\": \"images\"}}, \"statements\": [\"CREATE VIEW\"]}");
    assertEquals(Map.of("kafka_images", Map.of("subscribe", "images")), tables.sources());
    assertEquals(List.of("CREATE VIEW"), tables.statements());
  }

  @Test
  void tellsNothingOfATextThatItCannotRead() {
    Exception refused = assertThrows(
        IllegalArgumentException.class, () -> TopicTables.parse("{\"sources\": \"the password\""));
    assertFalse(refused.getMessage().contains("password"));
    assertNull(refused.getCause());
  }
}
