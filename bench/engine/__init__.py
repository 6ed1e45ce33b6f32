"""`make bench-engine`: how fast the engine is beside its peers, part by part."""
