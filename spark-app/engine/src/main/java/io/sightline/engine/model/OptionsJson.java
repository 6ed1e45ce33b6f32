package io.sightline.engine.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

/** What Python has decided comes as the JSON object of a record's fields. */
public final class OptionsJson {
  private OptionsJson() {}

  /**
   * @param what the fields are, for the message
   * @throws IllegalArgumentException a field is missing, unknown or of the wrong type
   */
  public static <T> T read(String json, Class<T> type, String what) {
    try {
      return new ObjectMapper().readValue(json, type);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not " + what + ": " + e.getOriginalMessage(), e);
    }
  }
}
