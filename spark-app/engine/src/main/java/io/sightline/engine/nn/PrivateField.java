package io.sightline.engine.nn;

import java.lang.reflect.Field;

/** Parameters of BigDL's layers, many of which BigDL gives no access to. */
final class PrivateField {
  private PrivateField() {}

  /** The field's value in its owner, whose class or a parent of it declares the field. */
  static Object of(Object owner, String name) {
    try {
      Field field = find(owner.getClass(), name);
      field.setAccessible(true);
      return field.get(owner);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("this is not the BigDL the engine was built for", e);
    }
  }

  private static Field find(Class<?> type, String name) throws NoSuchFieldException {
    for (Class<?> declaring = type; declaring != null; declaring = declaring.getSuperclass()) {
      for (Field field : declaring.getDeclaredFields()) {
        if (field.getName().equals(name)) {
          return field;
        }
      }
    }
    throw new NoSuchFieldException(type.getName() + "." + name);
  }
}
