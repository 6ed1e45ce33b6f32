package io.sightline.engine.model;

/** Finds models by the reference that an image or a setting gives. */
public interface Models {
  /**
   * @param reference {@code name} or {@code name@version}, as a sender wrote it
   * @throws ModelNotUsable there is no such model, or it cannot be loaded
   */
  Model resolve(String reference) throws ModelNotUsable;
}
