package io.sightline.engine.nn;

/** A stretch of a runner's memory that one value occupies from one step to another. */
final class Slot {
  private final long bytes;
  private final int firstStep;
  private int lastStep;
  private long offset;

  Slot(long bytes, int firstStep) {
    this.bytes = bytes;
    this.firstStep = firstStep;
    this.lastStep = firstStep;
  }

  void usedBy(int step) {
    lastStep = Math.max(lastStep, step);
  }

  boolean livesBeside(Slot other) {
    return firstStep <= other.lastStep && other.firstStep <= lastStep;
  }

  void place(long at) {
    offset = at;
  }

  long offset() {
    return offset;
  }

  long end() {
    return offset + bytes;
  }

  long bytes() {
    return bytes;
  }
}
