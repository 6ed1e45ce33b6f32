package io.sightline.engine.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Copies of a real model that tell by their labels which one it was, and an image for them. */
public final class Digits {
  private static final Path SHIPPED = Path.of("../../models/digits-lenet/1");

  /** A PNG file of one grey pixel. */
  public static final byte[] IMAGE = Base64.getDecoder().decode(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==");

  private Digits() {}

  /** Its labels begin with name and version. */
  public static Path copy(Path models, String name, String version) throws IOException {
    Path folder = Files.createDirectories(models.resolve(name).resolve(version));
    for (String file : List.of("model.bigdl", "model.bin")) {
      Files.copy(SHIPPED.resolve(file), folder.resolve(file));
    }
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode json = (ObjectNode) mapper.readTree(SHIPPED.resolve("model.json").toFile());
    json.put("name", name);
    json.put("version", version);
    List<String> labels = new ArrayList<>();
    json.get("labels").forEach(label -> labels.add(name + "@" + version + " " + label.textValue()));
    json.set("labels", mapper.valueToTree(labels));
    Files.writeString(folder.resolve("model.json"), json.toString());
    return folder;
  }

  /** For one image at a time. */
  public static ModelOptions options(Path models, String model, long memory) {
    return new ModelOptions(models.toString(), model, 1 << 20, 1 << 20, memory,
        NetworkWish.of(List.of(1), "onednn", "f32", ""));
  }
}
