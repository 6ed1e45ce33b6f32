"""What the gateway, the bridge, the classifier and the tools share: Kafka, settings, logging, lifecycle and health."""
