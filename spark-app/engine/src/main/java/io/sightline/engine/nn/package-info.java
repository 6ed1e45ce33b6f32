/**
 * Runs BigDL classifiers on oneDNN.
 *
 * <p>{@code ModuleImporter} reads a BigDL module into a {@code Program}, {@code Optimiser} fuses it, {@code Lowering}
 * compiles it for each batch size into a {@code Plan} of oneDNN primitives over shared weights, and an {@code Executor}
 * runs a plan in memory of its own. Before a compiled network answers, {@code SelfCheck} compares it with BigDL's plain
 * forward; what cannot be compiled or differs runs on that forward instead ({@code BigDlBackend}).
 *
 * <p>The JVM's environment should have {@code OMP_NUM_THREADS=1}: the caller's threads are the parallelism.
 */
package io.sightline.engine.nn;
