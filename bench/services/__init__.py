"""What the benchmarks of the gateway and of the bridge share: their broker, processes, rivals and reports."""
