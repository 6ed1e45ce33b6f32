package io.sightline.engine.bundle;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sightline.engine.nn.Calibration;
import java.nio.file.Path;

/** A {@link Calibration} as {@code calibration.json} holds it. */
public final class CalibrationFile {
  private static final String SCHEMA = "sightline.calibration/1";

  private CalibrationFile() {}

  public static String toJson(Calibration calibration) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("schema", SCHEMA);
    json.put("program", calibration.program());
    json.put("images", calibration.images());
    json.put("agreement", calibration.agreement());
    json.put("distance", calibration.distance());
    ArrayNode bounds = json.putArray("bounds");
    calibration.bounds().forEach(bounds::add);
    return json.toPrettyString() + "\n";
  }

  static Calibration read(Path path) throws BundleException {
    JsonFields json = JsonFields.read(path);
    if (!json.text("schema").equals(SCHEMA)) {
      throw json.wrong("schema", "\"" + SCHEMA + "\"");
    }
    try {
      return new Calibration(json.text("program"), json.positive("images", Integer.MAX_VALUE),
          json.number("agreement"), json.number("distance"), json.numbers("bounds"));
    } catch (IllegalArgumentException e) {
      throw new BundleException(path + ": " + e.getMessage(), e);
    }
  }
}
