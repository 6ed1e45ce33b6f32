package io.sightline.engine.nn;

import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.Activity;

/** A BigDL layer and what it was built with, by the names of BigDL's fields. */
record Layer(AbstractModule<?, ?, ?> module) {
  private static final String BIGDL_LAYERS = "com.intel.analytics.bigdl.dllib.nn.";

  /** The class's short name for BigDL's own layers, so that a subclass is never taken for its parent. */
  String kind() {
    String type = module.getClass().getName();
    return type.startsWith(BIGDL_LAYERS) ? type.substring(BIGDL_LAYERS.length()) : type;
  }

  int integer(String field) {
    return (Integer) PrivateField.of(module, field);
  }

  double decimal(String field) {
    return ((Number) PrivateField.of(module, field)).doubleValue();
  }

  float number(String field) {
    return (float) decimal(field);
  }

  boolean flag(String field) {
    return (Boolean) PrivateField.of(module, field);
  }

  /** The field's own array: not to be written. */
  int[] integers(String field) {
    return (int[]) PrivateField.of(module, field);
  }

  /** A copy of a tensor's values. */
  float[] values(String field) {
    return BigDlModule.values((Activity) PrivateField.of(module, field));
  }

  /** A layer that BigDL keeps inside this one. */
  Layer part(String field) {
    return new Layer((AbstractModule<?, ?, ?>) PrivateField.of(module, field));
  }

  /** The exception that says why this layer is left to BigDL. */
  UnsupportedLayerException refused(String reason) {
    return new UnsupportedLayerException(kind() + " '" + module.getName() + "'", reason);
  }

  void requireNchw(String field) throws UnsupportedLayerException {
    if (!PrivateField.of(module, field).toString().equals("NCHW")) {
      throw refused("is not NCHW");
    }
  }
}
