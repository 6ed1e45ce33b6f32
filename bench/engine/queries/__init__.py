"""The streaming queries that the classifier is compared with, each a program of its own."""
