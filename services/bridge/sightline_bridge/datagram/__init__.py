"""Frames over UDP (docs/wire-formats.md): the datagrams' codec and the reassembly of frames; both are sans-IO."""
