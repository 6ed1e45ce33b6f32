package io.sightline.engine.nn;

/** The arithmetic of a compiled network. */
public enum Precision {
  /** IEEE single: equal to BigDL's own forward within rounding. */
  F32
}
