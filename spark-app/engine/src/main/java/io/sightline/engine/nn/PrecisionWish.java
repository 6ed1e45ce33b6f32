package io.sightline.engine.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The precision that is asked for. A {@link Network} gets the first of its candidates that passes the self-check. */
public enum PrecisionWish {
  /** Bfloat16 where the CPU computes in it and the network is large enough to gain from it, else single. */
  AUTO,
  F32,
  BF16,
  /** Whole numbers of eight bits where the network was calibrated, else as {@link #AUTO}. */
  INT8;

  /** Multiply-adds an image. Chosen, not measured, between LeNet's 0.3 million and EfficientNet-Lite0's 385. */
  private static final long WORTHWHILE = 20_000_000;

  /** By its name in settings. Throws IllegalArgumentException for any other. */
  public static PrecisionWish named(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }

  /**
   * What to try, the fastest first and the safest last.
   *
   * @param nativeBf16 whether the CPU computes in bfloat16
   * @param multiplyAdds of the network, per image
   */
  List<Precision> candidates(boolean nativeBf16, long multiplyAdds) {
    List<Precision> candidates = new ArrayList<>();
    if (this == INT8) {
      candidates.add(Precision.INT8);
    }
    boolean half = switch (this) {
      case F32 -> false;
      case BF16 -> nativeBf16;
      case AUTO, INT8 -> nativeBf16 && multiplyAdds >= WORTHWHILE;
    };
    if (half) {
      candidates.add(Precision.BF16);
    }
    candidates.add(Precision.F32);
    return List.copyOf(candidates);
  }
}
