package io.sightline.engine.nn;

import java.util.TreeSet;

/** Splits a number of images into compiled batch sizes. */
final class Batches {
  private final TreeSet<Integer> sizes;

  Batches(Iterable<Integer> sizes) {
    this.sizes = new TreeSet<>();
    sizes.forEach(this.sizes::add);
  }

  /** The batch size to run next: the largest that fits, or the one above it if more than half of it will be filled. */
  int next(int remaining) {
    Integer above = sizes.ceiling(remaining);
    if (above != null && remaining * 2 > above) {
      return above;
    }
    return sizes.floor(remaining);
  }
}
