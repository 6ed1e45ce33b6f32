package io.sightline.engine.nn;

import java.util.Locale;

/** What computes a network. */
public enum EngineKind {
  /** Compiled for oneDNN; BigDL's own forward where that is not possible. */
  ONEDNN,
  /** BigDL's own forward: slower, and what the other is judged by. */
  BIGDL;

  /** By its name in settings. Throws IllegalArgumentException for any other. */
  public static EngineKind named(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }

  /** As settings and results spell it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
