package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ArenaTest {
  @Test
  void letsValuesOfAChainShareMemory() {
    Slot first = slot(1000, 0, 1);
    Slot second = slot(500, 1, 2);
    Slot third = slot(900, 2, 3);
    assertEquals(1024 + 500, Arena.layOut(List.of(first, second, third)));
    assertEquals(first.offset(), third.offset());
  }

  @Test
  void neverOverlapsWhatLivesAtTheSameTime() {
    Random random = new Random(5);
    List<Slot> slots = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      int start = random.nextInt(50);
      slots.add(slot(1 + random.nextInt(5000), start, start + random.nextInt(8)));
    }
    long size = Arena.layOut(slots);
    for (Slot a : slots) {
      assertEquals(0, a.offset() % 64);
      assertTrue(a.end() <= size);
      for (Slot b : slots) {
        boolean overlap = a.offset() < b.end() && b.offset() < a.end();
        assertTrue(a == b || !a.livesBeside(b) || !overlap);
      }
    }
  }

  private static Slot slot(long bytes, int first, int last) {
    Slot slot = new Slot(bytes, first);
    slot.usedBy(last);
    return slot;
  }
}
