package io.sightline.engine.nn;

import java.lang.reflect.Field;

/** Parameters of BigDL's layers that BigDL gives no access to. */
final class PrivateField {
  private PrivateField() {}

  static Object of(Object owner, String name) {
    try {
      Field field = owner.getClass().getDeclaredField(name);
      field.setAccessible(true);
      return field.get(owner);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("this is not the BigDL the engine was built for", e);
    }
  }
}
