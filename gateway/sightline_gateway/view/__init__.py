"""The results view: the topic `results`, materialised in SQLite so that every replica answers every id."""
