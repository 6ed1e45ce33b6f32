package io.sightline.engine.nn;

/** A loaded network's weights and code, shared by all its runners. */
interface Backend extends AutoCloseable {

  Runner newRunner();

  /** Whether the network was compiled; otherwise BigDL's own forward runs. */
  boolean compiled();

  /** Frees what the runners shared; all of them are closed by then. */
  @Override
  void close();
}
