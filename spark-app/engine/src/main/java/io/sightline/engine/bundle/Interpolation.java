package io.sightline.engine.bundle;

/** The resize filter, as Pillow defines it. */
public enum Interpolation {
  BICUBIC,
  BILINEAR
}
