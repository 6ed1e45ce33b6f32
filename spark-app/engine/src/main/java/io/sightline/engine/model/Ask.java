package io.sightline.engine.model;

import java.io.Serializable;

/**
 * What is wanted of an image.
 *
 * @param reference name or name@version of the model
 * @param top how many of its most probable labels
 * @param outputs whether all of the model's outputs as well
 */
public record Ask(String reference, int top, boolean outputs) implements Serializable {
  private static final int USUAL_TOP = 5;

  /** All outputs, and no more than the first label. */
  public static Ask outputs(String reference) {
    return new Ask(reference, 1, true);
  }

  public Ask {
    if (top < 1) {
      throw new IllegalArgumentException("the number of labels must be positive: " + top);
    }
  }

  /** The five most probable labels. */
  public static Ask of(String reference) {
    return new Ask(reference, USUAL_TOP, false);
  }
}
