"""Images a second of the Transformer and the SQL function beside PySpark's own way to run a model."""
