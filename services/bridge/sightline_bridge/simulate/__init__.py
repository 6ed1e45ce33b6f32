"""`sightline-simulate`: cameras for people without hardware, with the faults that real ones have."""
