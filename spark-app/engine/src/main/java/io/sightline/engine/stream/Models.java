package io.sightline.engine.stream;

/** Finds models by the reference that a record or a setting gives. */
interface Models {
  /**
   * @param reference {@code name} or {@code name@version}, as a sender wrote it
   * @throws ModelNotUsable there is no such model, or it cannot be loaded
   */
  Model resolve(String reference) throws ModelNotUsable;
}
