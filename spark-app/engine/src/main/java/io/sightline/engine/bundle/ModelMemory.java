package io.sightline.engine.bundle;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the models of a JVM within a budget: when one more is loaded, those go that were used longest ago. One that is
 * in use stays, even above the budget, and so does the one that was used last: there is no other to make room for. Safe
 * for any number of threads.
 */
final class ModelMemory {
  /** Until somebody says how much. */
  static final long DEFAULT_BUDGET = 512L << 20;

  private static final Logger LOG = LoggerFactory.getLogger(ModelMemory.class);
  private static final int MIB = 1 << 20;

  /** The used longest ago first; with what is to be done when it has gone. */
  private final Map<Resident, Runnable> residents = new LinkedHashMap<>(16, 0.75f, true);

  /** Those of them that go before all others: nobody's result needs them. */
  private final Set<Resident> spare = new HashSet<>();
  private long budget;

  ModelMemory(long budget) {
    this.budget = budget;
  }

  /** What takes memory until it is closed; compared by identity. */
  interface Resident {
    long bytes();

    /** Frees the memory unless somebody is at work with it; says whether it is free, and then is not asked again. */
    boolean closeIfUnused();
  }

  /** How much is there, as of now. */
  record Use(int models, long bytes) {}

  synchronized void budget(long bytes) {
    if (budget != bytes) { // each task that starts says it
      budget = bytes;
      shrink();
    }
  }

  /** Takes up what has just been loaded, and makes room for it. */
  synchronized void add(Resident loaded, Runnable whenGone) {
    residents.put(loaded, whenGone);
    shrink();
  }

  /** The same, but it costs no other its place, and goes first until somebody {@link #touch touches} it. */
  synchronized void addSpare(Resident loaded, Runnable whenGone) {
    residents.put(loaded, whenGone);
    spare.add(loaded);
  }

  /** Notes that it is used now. What grew since it was loaded can cost others their place. */
  synchronized void touch(Resident used) {
    if (residents.get(used) != null) {
      spare.remove(used);
      shrink();
    }
  }

  /** Frees what nobody will ask for any more, unless somebody is at work with it. */
  synchronized void release(Resident resident) {
    if (residents.containsKey(resident) && resident.closeIfUnused()) {
      spare.remove(resident);
      residents.remove(resident).run();
    }
  }

  synchronized Use use() {
    return new Use(residents.size(), total());
  }

  private void shrink() {
    long total = total();
    if (total <= budget) {
      return;
    }
    List<Resident> order = new ArrayList<>(residents.keySet());
    order = order.subList(0, Math.max(0, order.size() - 1)); // but the one that was used last
    order.sort(Comparator.comparing(one -> !spare.contains(one)));
    List<Runnable> gone = new ArrayList<>();
    for (Resident eldest : order) {
      long bytes = eldest.bytes();
      if (total > budget && eldest.closeIfUnused()) {
        total -= bytes;
        spare.remove(eldest);
        gone.add(residents.remove(eldest));
        LOG.info("Making room for other models ({} MiB allowed): {} MiB of {}", budget / MIB, bytes / MIB, eldest);
      }
    }
    gone.forEach(Runnable::run);
  }

  private long total() {
    return residents.keySet().stream().mapToLong(Resident::bytes).sum();
  }
}
