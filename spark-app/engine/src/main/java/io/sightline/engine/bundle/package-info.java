/** Model bundles on disk: what {@code model.json} says, checked, and each model loaded once per JVM. */
package io.sightline.engine.bundle;
