package io.sightline.engine.nn;

import java.util.List;

/** A loaded network's weights and code, shared by all its runners. */
interface Backend extends AutoCloseable {

  Runner newRunner();

  /** How many images it computes at once, ascending; other numbers are divided into these. */
  List<Integer> batchSizes();

  EngineKind engine();

  Precision precision();

  /** Memory that all runners share. */
  long bytes();

  /** Frees what the runners shared; all of them are closed by then. */
  @Override
  void close();
}
