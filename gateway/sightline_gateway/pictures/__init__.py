"""Images read back from Kafka for people: thumbnails and the files as they were sent."""
