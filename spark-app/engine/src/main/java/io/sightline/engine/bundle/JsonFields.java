package io.sightline.engine.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/** Typed access to one object of a JSON document; every miss names the file and the field's path. */
final class JsonFields {
  /** A model.json with 1000 labels has 40 kB, the calibration of 400 tensors 10. */
  private static final long MAX_BYTES = 16L << 20;

  private final String file;
  private final String path;
  private final JsonNode node;

  JsonFields(String file, String path, JsonNode node) throws BundleException {
    this.file = file;
    this.path = path;
    this.node = node;
    if (!node.isObject()) {
      throw new BundleException(file + ": " + (path.isEmpty() ? "the document" : path) + " must be an object");
    }
  }

  /** Reads a document whose root is an object. */
  static JsonFields read(Path path) throws BundleException {
    try {
      long size = Files.size(path);
      if (size > MAX_BYTES) {
        throw new BundleException(path + ": has " + size + " bytes, the limit is " + MAX_BYTES);
      }
      return new JsonFields(path.toString(), "", new ObjectMapper().readTree(Files.readAllBytes(path)));
    } catch (JsonProcessingException e) {
      throw new BundleException(path + ": is not JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new BundleException(path + ": cannot be read: " + e, e);
    }
  }

  JsonFields object(String field) throws BundleException {
    return new JsonFields(file, at(field), get(field, JsonNode::isObject, "an object"));
  }

  String text(String field) throws BundleException {
    return get(field, n -> n.isTextual() && !n.textValue().isBlank(), "a text").textValue();
  }

  int positive(String field, int limit) throws BundleException {
    Predicate<JsonNode> valid = n -> n.isInt() && n.intValue() > 0 && n.intValue() <= limit;
    return get(field, valid, "a whole number from 1 to " + limit).intValue();
  }

  <E extends Enum<E>> E constant(String field, Class<E> type) throws BundleException {
    String text = text(field);
    List<String> known = new ArrayList<>();
    for (E candidate : type.getEnumConstants()) {
      String spelling = candidate.name().toLowerCase(Locale.ROOT).replace('_', '-');
      if (spelling.equalsIgnoreCase(text)) {
        return candidate;
      }
      known.add(spelling);
    }
    throw wrong(field, "one of " + String.join(", ", known) + ", not \"" + text + "\"");
  }

  double number(String field) throws BundleException {
    return get(field, JsonNode::isNumber, "a number").doubleValue();
  }

  List<Float> numbers(String field, int count) throws BundleException {
    return numbers(field, n -> n.size() == count, "a list of " + count + " numbers");
  }

  List<Float> numbers(String field) throws BundleException {
    return numbers(field, n -> true, "a list of numbers");
  }

  private List<Float> numbers(String field, Predicate<JsonNode> size, String expected) throws BundleException {
    List<Float> values = new ArrayList<>();
    for (JsonNode item : get(field, n -> n.isArray() && size.test(n), expected)) {
      if (!item.isNumber() || !Float.isFinite(item.floatValue())) {
        throw wrong(field, expected);
      }
      values.add(item.floatValue());
    }
    return values;
  }

  List<String> texts(String field) throws BundleException {
    String expected = "a list of texts, at least one";
    List<String> values = new ArrayList<>();
    for (JsonNode item : get(field, n -> n.isArray() && !n.isEmpty(), expected)) {
      if (!item.isTextual()) {
        throw wrong(field, expected);
      }
      values.add(item.textValue());
    }
    return values;
  }

  List<String> names() {
    List<String> names = new ArrayList<>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }

  BundleException wrong(String field, String expected) {
    return new BundleException(file + ": " + at(field) + " must be " + expected);
  }

  private JsonNode get(String field, Predicate<JsonNode> valid, String expected) throws BundleException {
    JsonNode value = node.get(field);
    if (value == null || !valid.test(value)) {
      throw wrong(field, expected);
    }
    return value;
  }

  private String at(String field) {
    return path.isEmpty() ? field : path + "." + field;
  }
}
