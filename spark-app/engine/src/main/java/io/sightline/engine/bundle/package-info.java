/**
 * Model bundles on disk: what {@code model.json} says, checked, and the models of a JVM, loaded when they are asked
 * for.
 */
package io.sightline.engine.bundle;
