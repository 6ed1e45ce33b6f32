"""Model bundles: their format, the model Sightline trains itself and the one it installs."""
