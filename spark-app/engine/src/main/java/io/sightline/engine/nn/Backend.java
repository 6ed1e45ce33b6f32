package io.sightline.engine.nn;

/** A loaded network's weights and code, shared by all its runners. */
interface Backend extends AutoCloseable {

  Runner newRunner();

  EngineKind engine();

  Precision precision();

  /** Frees what the runners shared; all of them are closed by then. */
  @Override
  void close();
}
