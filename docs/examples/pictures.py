"""Two pictures of what Sightline saw: a contact sheet, and a confusion matrix.

    sightline-shell docs/examples/pictures.py [FOLDER]

The truth is what names of images begin with, as senders of a test set choose them: `7-0042.png` is a seven. FOLDER
(default: here) gets sheet.png and matrix.png.
"""

import sys
from pathlib import Path

from pyspark.sql import SparkSession

from sightline_spark.shell import confusion_matrix, contact_sheet

spark = SparkSession.builder.getOrCreate()  # the shell's
folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")

newest = spark.sql("SELECT content, label FROM images JOIN results USING (id) ORDER BY images.timestamp DESC")
contact_sheet(newest, most=24).save(folder / "sheet.png")

named = spark.sql("SELECT substring_index(name, '-', 1) AS digit, label FROM results WHERE name IS NOT NULL")
confusion_matrix(named, "digit").save(folder / "matrix.png")
