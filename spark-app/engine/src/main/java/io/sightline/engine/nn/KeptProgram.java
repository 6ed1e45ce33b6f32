package io.sightline.engine.nn;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What BigDL is needed for at a load, as a file: the network's program, and BigDL's answers to the self-check's images.
 *
 * @param expected as {@link SelfCheck#expected}
 */
record KeptProgram(Program program, float[] expected) {

  /**
   * @param key what the program was made from, and by which code
   * @return empty if the file was made from or by something else
   * @throws IllegalArgumentException if it is damaged
   */
  static Optional<KeptProgram> read(Path file, String key) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      RecordInput input = RecordInput.of(channel.map(MapMode.READ_ONLY, 0, channel.size()));
      if (!input.read(String.class).equals(key)) {
        return Optional.empty();
      }
      float[] expected = input.read(float[].class);
      List<Node> nodes = new ArrayList<>();
      for (int left = input.read(int.class); left > 0; left--) {
        Op op = input.read(Op.class);
        nodes.add(new Node(op, input.readAll(Integer.class).stream().map(nodes::get).toList()));
      }
      return Optional.of(new KeptProgram(new Program(nodes.get(nodes.size() - 1)), expected));
    } catch (IndexOutOfBoundsException | BufferUnderflowException e) {
      throw new IllegalArgumentException("it is no kept program", e);
    }
  }

  void write(Path file, String key) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      RecordOutput output = new RecordOutput(channel);
      output.write(String.class, key);
      output.write(float[].class, expected);
      output.write(int.class, program.order().size());
      Map<Node, Integer> positions = new IdentityHashMap<>();
      for (Node node : program.order()) {
        output.write(Op.class, node.op());
        output.writeAll(Integer.class, node.inputs().stream().map(positions::get).toList());
        positions.put(node, positions.size());
      }
      output.finish();
    }
  }
}
