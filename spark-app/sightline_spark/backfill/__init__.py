"""`sightline-backfill`: images that are there already, each record of them classified once."""
