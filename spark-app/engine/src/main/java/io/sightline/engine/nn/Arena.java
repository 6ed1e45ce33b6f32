package io.sightline.engine.nn;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Lays slots out in one block so that values which are never alive together share memory. */
final class Arena {
  /** oneDNN's vectors are 64 bytes wide, and so are cache lines. */
  private static final long ALIGNMENT = 64;

  private Arena() {}

  /**
   * Gives each slot its offset.
   *
   * @return the block's size in bytes
   */
  static long layOut(List<Slot> slots) {
    List<Slot> largestFirst = new ArrayList<>(slots);
    largestFirst.sort(Comparator.comparingLong(Slot::bytes).reversed());
    List<Slot> placed = new ArrayList<>();
    long size = 0;
    for (Slot slot : largestFirst) {
      slot.place(lowestGap(slot, placed));
      placed.add(slot);
      size = Math.max(size, slot.end());
    }
    return size;
  }

  private static long lowestGap(Slot slot, List<Slot> placed) {
    List<Slot> neighbours = new ArrayList<>(placed.stream().filter(slot::livesBeside).toList());
    neighbours.sort(Comparator.comparingLong(Slot::offset));
    long start = 0;
    for (Slot neighbour : neighbours) {
      if (start + slot.bytes() <= neighbour.offset()) {
        break;
      }
      start = Math.max(start, align(neighbour.end()));
    }
    return start;
  }

  private static long align(long offset) {
    return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }
}
