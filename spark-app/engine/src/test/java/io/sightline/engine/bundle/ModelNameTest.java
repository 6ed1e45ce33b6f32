package io.sightline.engine.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ModelNameTest {
  @Test
  void readsANameWithOrWithoutVersion() {
    assertEquals(Optional.of(new ModelName("digits-lenet", null)), ModelName.parse("digits-lenet"));
    assertEquals(Optional.of(new ModelName("digits-lenet", "12")), ModelName.parse("digits-lenet@12"));
    assertEquals("digits-lenet@12", new ModelName("digits-lenet", "12").toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "../etc", "a/b", "a\\b", ".hidden", "a@", "a@1@2", "a@..", "a@../1", "a@01",
      "a@-1", "a@1.0", "a@1234567890", "@1", "a b", "a\n", "a\0", "ä"})
  void refusesWhatCouldLeaveTheModelsFolder(String text) {
    assertTrue(ModelName.parse(text).isEmpty());
    assertTrue(ModelName.parse("a".repeat(101)).isEmpty());
  }
}
