package io.sightline.engine.nn;

/** What a primitive does to each value before it stores it. */
sealed interface PostOp {

  /** Applies the function. */
  record Apply(Activation activation) implements PostOp {}

  /** Adds the value at the same place of the node's next input (the first is the layer's own). */
  record Add() implements PostOp {}
}
