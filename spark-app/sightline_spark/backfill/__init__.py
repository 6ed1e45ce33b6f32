"""`sightline-backfill`: images that are there already, classified once each."""
