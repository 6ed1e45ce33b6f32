"""Sources: how streams of bytes reach the bridge. `build.build_source` makes one of what its configuration says."""
