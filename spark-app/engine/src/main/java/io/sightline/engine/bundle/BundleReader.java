package io.sightline.engine.bundle;

import io.sightline.engine.image.Interpolation;
import io.sightline.engine.image.ResizeRule;
import io.sightline.engine.nn.Calibration;
import io.sightline.engine.nn.OutputKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads {@code model.json} and checks every file of the bundle against it. */
final class BundleReader {
  static final String MODEL_JSON = "model.json";
  private static final String SCHEMA = "sightline.model/1";
  private static final String FORMAT = "bigdl";
  private static final String CALIBRATION = "calibration";
  /** No classifier looks at more; a typing slip must not become a gigabyte per image. */
  private static final int MAX_SIDE = 4096;

  private static final Pattern FILE_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  private final Path directory;
  private final String file;

  BundleReader(Path directory) {
    this.directory = directory;
    this.file = directory.resolve(MODEL_JSON).toString();
  }

  Bundle read() throws BundleException {
    JsonFields json = JsonFields.read(directory.resolve(MODEL_JSON));
    if (!json.text("schema").equals(SCHEMA)) {
      throw json.wrong("schema", "\"" + SCHEMA + "\"");
    }
    ModelName id = id(json);
    JsonFields weights = json.object("weights");
    if (!weights.text("format").equals(FORMAT)) {
      throw weights.wrong("format", "\"" + FORMAT + "\"");
    }
    InputSpec input = input(json.object("input"));
    OutputKind output = json.constant("output", OutputKind.class);
    List<String> labels = json.texts("labels");
    JsonFields files = json.object("files");
    checkDigests(files);
    Path definition = listed(weights, "definition", files);
    Path parameters = listed(weights, "parameters", files);
    String digest = digest(files, definition) + " " + digest(files, parameters);
    return new Bundle(directory, id, definition, parameters, input, output, calibration(json, files), digest, labels,
        json.text("licence"), json.text("origin"));
  }

  private Optional<Calibration> calibration(JsonFields json, JsonFields files) throws BundleException {
    if (!json.names().contains(CALIBRATION)) {
      return Optional.empty();
    }
    return Optional.of(CalibrationFile.read(listed(json, CALIBRATION, files)));
  }

  private ModelName id(JsonFields json) throws BundleException {
    String name = json.text("name");
    String version = json.text("version");
    ModelName id = ModelName.parse(name + "@" + version)
        .orElseThrow(() -> json.wrong("name", "a model name and version a whole number, not " + name + "@" + version));
    Path folder = directory.toAbsolutePath().normalize();
    if (!folder.endsWith(Path.of(name, version))) {
      throw new BundleException(file + ": says " + id + " but its folder is " + folder);
    }
    return id;
  }

  private InputSpec input(JsonFields json) throws BundleException {
    ChannelOrder order = json.constant("order", ChannelOrder.class);
    int channels = json.positive("channels", 3);
    if (channels != order.channels()) {
      throw json.wrong("channels", order.channels() + " for order " + order);
    }
    JsonFields resize = json.object("resize");
    int height = json.positive("height", MAX_SIDE);
    int width = json.positive("width", MAX_SIDE);
    ResizeRule.Shape shape = resize.constant("rule", ResizeRule.Shape.class);
    int size = resize.positive("size", MAX_SIDE);
    Crop crop = json.constant("crop", Crop.class);
    checkFits(json, shape, size, crop, height, width);
    Interpolation interpolation = resize.constant("interpolation", Interpolation.class);
    return new InputSpec(
        order, new ResizeRule(shape, size, interpolation, width, height), normalisation(json, channels));
  }

  private static void checkFits(JsonFields json, ResizeRule.Shape shape, int size, Crop crop, int height, int width)
      throws BundleException {
    if (crop == Crop.CENTER && size < Math.max(height, width)) {
      throw json.wrong("resize.size", "at least height and width, because crop is center");
    }
    if (crop == Crop.NONE && (shape != ResizeRule.Shape.STRETCH || size != height || size != width)) {
      throw json.wrong("crop", "center unless resize stretches to exactly height and width");
    }
  }

  private static Normalisation normalisation(JsonFields json, int channels) throws BundleException {
    List<Float> std = json.numbers("std", channels);
    if (std.stream().anyMatch(value -> value <= 0)) {
      throw json.wrong("std", "above 0");
    }
    return new Normalisation(json.numbers("mean", channels), std);
  }

  private Path listed(JsonFields weights, String field, JsonFields files) throws BundleException {
    String name = weights.text(field);
    if (!files.names().contains(name)) {
      throw weights.wrong(field, "one of the names under files, not \"" + name + "\"");
    }
    return directory.resolve(name);
  }

  private void checkDigests(JsonFields files) throws BundleException {
    for (String name : files.names()) {
      if (!FILE_NAME.matcher(name).matches()) {
        throw files.wrong("\"" + name + "\"", "a plain file name");
      }
      checkDigest(directory.resolve(name), digest(files, directory.resolve(name)));
    }
  }

  private static String digest(JsonFields files, Path file) throws BundleException {
    String name = file.getFileName().toString();
    String digest = files.text(name).toLowerCase(Locale.ROOT);
    if (!SHA256.matcher(digest).matches()) {
      throw files.wrong(name, "a SHA-256 in 64 hexadecimal digits");
    }
    return digest;
  }

  private static void checkDigest(Path path, String expected) throws BundleException {
    String actual;
    try {
      actual = Digest.sha256(path);
    } catch (IOException e) {
      throw new BundleException(path + ": cannot be read: " + e, e);
    }
    if (!actual.equals(expected)) {
      throw new BundleException(path + ": SHA-256 is " + actual + ", model.json says " + expected);
    }
  }
}
