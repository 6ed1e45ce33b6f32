package io.sightline.engine.bundle;

import java.io.Serializable;

/**
 * What a JVM has done with models since it began, and which it holds now.
 *
 * @param failures loads that failed
 * @param loadSeconds that all loads took which did not fail
 * @param bytes of memory that the loaded models take
 * @param unusable versions that should be in use and cannot be loaded
 */
public record ModelReport(
    long loads, long unloads, long failures, double loadSeconds, int loaded, long bytes, int unusable)
    implements Serializable {}
