package io.sightline.engine.nn;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.Map;

/** Says whether two programs compute the same with the same numbers, node by node. */
final class Fingerprint {
  private Fingerprint() {}

  /** A SHA-256 in hexadecimal digits. */
  static String of(Program program) {
    MessageDigest digest = sha256();
    Map<Node, Integer> positions = new IdentityHashMap<>();
    for (Node node : program.order()) {
      String inputs = node.inputs().stream().map(positions::get).toList().toString();
      digest.update((describe(node.op()) + node.shape() + inputs).getBytes(StandardCharsets.UTF_8));
      if (node.op() instanceof Op.Linear linear) {
        update(digest, linear.weights().kernel());
        update(digest, linear.weights().bias());
      } else if (node.op() instanceof Op.Slopes slopes) {
        update(digest, slopes.slopes());
      }
      positions.put(node, positions.size());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** A few hexadecimal digits for a text of any length. */
  static String shortened(String text) {
    byte[] whole = sha256().digest(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(whole, 0, 8);
  }

  /** The other ops are records of plain values, whose own description is whole. */
  private static String describe(Op op) {
    if (op instanceof Op.Convolution convolution) {
      return "Convolution" + convolution.groups() + convolution.window() + convolution.postOps();
    } else if (op instanceof Op.Dense dense) {
      return "Dense" + dense.postOps();
    } else if (op instanceof Op.Slopes) {
      return "Slopes";
    }
    return op.toString();
  }

  private static void update(MessageDigest digest, float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
    bytes.asFloatBuffer().put(values);
    digest.update(bytes);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new LinkageError("every Java has SHA-256", e);
    }
  }
}
