package io.sightline.engine.bundle;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Bundles for tests. Their weights are text: nothing here loads them. */
final class Bundles {
  private static final String JSON = """
      {"schema": "sightline.model/1", "name": "NAME", "version": "VERSION",
       "weights": {"format": "bigdl", "definition": "model.bigdl", "parameters": "model.bin"},
       "input": {"channels": 3, "order": "RGB", "height": 224, "width": 200,
                 "resize": {"rule": "shorter-side", "size": 256, "interpolation": "bicubic"},
                 "crop": "center", "mean": [127, 128.5, 0], "std": [128, 1, 2.5]},
       "output": "log-probabilities", "labels": ["cat", "dog"],
       "licence": "CC-BY-4.0", "origin": "Made up.", "metrics": {"top1": 0.5},
       "files": {"model.bigdl": "", "model.bin": ""}}
      """;

  private Bundles() {}

  static Path write(Path models, String name, String version) throws IOException {
    return write(models, name, version, json -> { });
  }

  static Path write(Path models, String name, String version, Consumer<ObjectNode> spoil) throws IOException {
    Path folder = Files.createDirectories(models.resolve(name).resolve(version));
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode json = (ObjectNode) mapper.readTree(JSON.replace("NAME", name).replace("VERSION", version));
    for (String file : new String[] {"model.bigdl", "model.bin"}) {
      Files.writeString(folder.resolve(file), "contents of " + file);
      ((ObjectNode) json.get("files")).put(file, Digest.sha256(folder.resolve(file)));
    }
    spoil.accept(json);
    Files.writeString(folder.resolve("model.json"), mapper.writeValueAsString(json));
    return folder;
  }
}
