package io.sightline.engine.stream;

import io.sightline.engine.bundle.ModelReport;
import java.io.Serializable;

/**
 * What one JVM that classifies tells the driver.
 *
 * @param executor its id; the driver's own, where there are no executors
 */
record JvmReport(String executor, ModelReport models, ShadowReport shadow) implements Serializable {}
