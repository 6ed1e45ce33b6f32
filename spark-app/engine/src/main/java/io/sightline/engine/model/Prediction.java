package io.sightline.engine.model;

import java.util.ArrayList;
import java.util.List;

/** One label of an image; {@code probability} has 6 decimals, so that equal images give equal documents. */
public record Prediction(int index, String label, double probability) {
  private static final double DECIMALS = 1e6;

  /**
   * The most probable labels first, of equals the one with the lower index.
   *
   * @param probabilities of several images one after the other; this one's begin at {@code from}
   * @param wanted how many, if there are as many labels
   * @throws ArithmeticException a probability is not a number
   */
  public static List<Prediction> top(float[] probabilities, int from, List<String> labels, int wanted) {
    boolean[] taken = new boolean[labels.size()];
    List<Prediction> top = new ArrayList<>();
    while (top.size() < Math.min(wanted, labels.size())) {
      int best = mostProbable(probabilities, from, taken);
      taken[best] = true;
      top.add(new Prediction(best, labels.get(best), rounded(probabilities[from + best])));
    }
    return top;
  }

  private static int mostProbable(float[] probabilities, int from, boolean[] taken) {
    int best = -1;
    for (int i = 0; i < taken.length; i++) {
      if (Float.isNaN(probabilities[from + i])) {
        throw new ArithmeticException("the model gave no number for label " + i);
      }
      if (!taken[i] && (best < 0 || probabilities[from + i] > probabilities[from + best])) {
        best = i;
      }
    }
    return best;
  }

  private static double rounded(float probability) {
    return Math.rint(Math.min(Math.max(probability, 0.0), 1.0) * DECIMALS) / DECIMALS;
  }
}
