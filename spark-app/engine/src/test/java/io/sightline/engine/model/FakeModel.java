package io.sightline.engine.model;

import io.sightline.engine.image.ErrorCode;
import io.sightline.engine.image.ImageRejected;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A model of two labels whose only input is an image's first byte; that byte also says how it misbehaves. */
public final class FakeModel implements Model, Models {
  public static final byte UNREADABLE = 1;
  public static final byte BREAKS_CODEC = 2;
  public static final byte BREAKS_FORWARD = 3;
  public static final byte GIVES_NAN = 4;
  public static final byte GOOD = 9;

  public final List<Integer> forwards = new ArrayList<>();
  public int opened;
  public int closed;

  /** Whether it takes no for yes. */
  public boolean turned;

  /** Whether no session of it works. */
  public boolean broken;

  @Override
  public Model resolve(String reference) throws ModelNotUsable {
    if (reference.equals("explodes")) {
      throw new IllegalStateException("no store");
    }
    if (!reference.equals("fake")) {
      throw new ModelNotUsable(ErrorCode.UNKNOWN_MODEL, "no model " + reference);
    }
    return this;
  }

  @Override
  public Optional<Model> find(String reference) throws ModelNotUsable {
    return Optional.of(resolve(reference));
  }

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public String version() {
    return "7";
  }

  @Override
  public String precision() {
    return "f32";
  }

  @Override
  public String engine() {
    return "bigdl";
  }

  @Override
  public List<String> labels() {
    return List.of("no", "yes");
  }

  @Override
  public int outputLength() {
    return 2;
  }

  @Override
  public int inputLength() {
    return 1;
  }

  @Override
  public void prepare(byte[] image, float[] input, int at) throws ImageRejected {
    if (image[0] == UNREADABLE) {
      throw new ImageRejected(ErrorCode.CORRUPT, "unreadable");
    }
    if (image[0] == BREAKS_CODEC) {
      throw new IllegalStateException("codec");
    }
    input[at] = image[0];
  }

  @Override
  public Session open() {
    opened++;
    return new Session() {
      @Override
      public void forward(float[] input, int n, float[] outputs) {
        forwards.add(n);
        for (int i = 0; i < n; i++) {
          if (broken || input[i] == BREAKS_FORWARD) {
            throw new IllegalStateException("engine");
          }
          float yes = input[i] == GIVES_NAN ? Float.NaN : turned ? 1 - input[i] / 10f : input[i] / 10f;
          outputs[2 * i] = 1 - yes;
          outputs[2 * i + 1] = yes;
        }
      }

      @Override
      public void close() {
        closed++;
      }
    };
  }
}
