"""Coverage-guided fuzzing of all that reads bytes from the network: `make fuzz-bridge`."""
