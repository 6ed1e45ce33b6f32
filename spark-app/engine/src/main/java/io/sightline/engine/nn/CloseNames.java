package io.sightline.engine.nn;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** What somebody may have meant who wrote a name that there is not. */
final class CloseNames {
  private static final int MANY = 5;

  private CloseNames() {}

  /** Why a layer is refused. */
  static String refusal(String layer, Collection<String> names) {
    return "there is no layer \"" + layer + "\"; close to it: " + String.join(", ", of(layer, names))
        + " (`sightline-model layers` lists all)";
  }

  /** The closest few: first those with it in them, then by how many letters differ. */
  static List<String> of(String wanted, Collection<String> names) {
    String lower = wanted.toLowerCase(Locale.ROOT);
    Comparator<String> within = Comparator.comparing(name -> !name.toLowerCase(Locale.ROOT).contains(lower));
    return names.stream()
        .distinct()
        .sorted(within.thenComparingInt(name -> distance(lower, name.toLowerCase(Locale.ROOT))))
        .limit(MANY)
        .toList();
  }

  /** Levenshtein's: letters put in, left out or changed. */
  private static int distance(String a, String b) {
    int[] previous = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] current = new int[b.length() + 1];
      current[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int changed = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(changed, Math.min(previous[j], current[j - 1]) + 1);
      }
      previous = current;
    }
    return previous[b.length()];
  }
}
