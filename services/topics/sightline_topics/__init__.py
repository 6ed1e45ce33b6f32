"""Creates the Kafka topics from the contracts, and checks the ones that are there."""
