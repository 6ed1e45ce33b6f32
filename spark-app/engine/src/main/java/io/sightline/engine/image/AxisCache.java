package io.sightline.engine.image;

import java.util.LinkedHashMap;
import java.util.Map;

/** The axes used last, for senders whose images all have one size. Safe for use by many threads. */
final class AxisCache {
  /**
   * Two axes a source size. Cameras have few sizes; each axis takes at most about 16 bytes a pixel of the longer side
   * ({@link ImageInspector#MAX_SIDE}), so untrusted sizes cannot hold more than 64 MB.
   */
  private static final int CAPACITY = 64;

  private static final float LOAD = 0.75f;

  private final Map<Axis.Key, Axis> axes = new LinkedHashMap<>(CAPACITY, LOAD, true);

  synchronized Axis get(Axis.Key key) {
    Axis axis = axes.computeIfAbsent(key, Axis::of);
    if (axes.size() > CAPACITY) {
      axes.remove(axes.keySet().iterator().next());
    }
    return axis;
  }
}
