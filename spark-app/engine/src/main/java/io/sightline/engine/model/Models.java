package io.sightline.engine.model;

import java.util.Optional;

/** Finds models by the reference that an image or a setting gives. */
public interface Models {
  /**
   * @param reference {@code name} or {@code name@version}, as a sender wrote it
   * @throws ModelNotUsable there is no such model, or it cannot be loaded
   */
  Model resolve(String reference) throws ModelNotUsable;

  /**
   * The same without waiting for a load: empty while there is one, which this call begins if need be.
   *
   * @throws ModelNotUsable see {@link #resolve}
   */
  Optional<Model> find(String reference) throws ModelNotUsable;
}
