"""The chart's values as types: one class a section, every field with its default and what it does."""
