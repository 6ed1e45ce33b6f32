"""The examples of docs/examples as a reader runs them, and docs/spark.md's local command of spark-sql."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pyspark
import pytest
import sklearn.datasets

from sightline_local.check import find_java
from sightline_spark.jars import ENGINE_JARS, class_path

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
MODELS = ROOT / "models"
LOG = f"-Dlog4j2.configurationFile={ROOT / 'spark-app/sightline_spark/log4j2.properties'}"
PHOTOS = Path(sklearn.datasets.__file__).parent / "images"

pytestmark = [
    pytest.mark.spark,
    pytest.mark.timeout(600),
    pytest.mark.skipif(find_java() is None, reason="needs Java 17 (Debian: apt-get install openjdk-17-jdk-headless)"),
]


def _run(command: Sequence[str | Path], **variables: str) -> str:
    """What the command prints; it must end well."""
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", **variables}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def test_photos_are_named(photo_model: str) -> None:
    """By the Transformer and by the function."""
    said = _run([sys.executable, EXAMPLES / "classify_photos.py"])
    assert said.count("palace") == 2
    assert said.count("daisy") == 2


def test_new_labels_are_learned_from_few_pictures(photo_model: str) -> None:
    """Nine labels that the network was not trained on, from twelve squares each: far above chance."""
    figures = re.search(
        r"right for (\d+)% of the unseen squares; by chance it were (\d+)%",
        _run([sys.executable, EXAMPLES / "transfer_learning.py"]),
    )
    assert figures is not None
    right, chance = map(int, figures.groups())
    assert chance == 11
    assert right >= 75


def test_spark_sql_names_a_photo(photo_model: str, tmp_path: Path) -> None:
    """Without any Python: the jars behind Spark's own, and the extension."""
    home = Path(pyspark.__file__).parent
    query = f"SELECT classify_image(content, '{photo_model}').label FROM binaryFile.`{PHOTOS / 'china.jpg'}`"
    settings = {
        "spark.sql.extensions": "io.sightline.engine.table.SightlineExtensions",
        "spark.sightline.models": str(MODELS),
        "spark.sql.warehouse.dir": str(tmp_path / "warehouse"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={tmp_path}/metastore;create=true",
        "spark.driver.extraJavaOptions": f"-Dderby.stream.error.file={tmp_path}/derby.log {LOG}",
        "spark.ui.enabled": "false",
    }
    options = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    command = [str(home / "bin" / "spark-sql"), "--master", "local[1]", *options, "-e", query]
    said = _run(command, SPARK_HOME=str(home), SPARK_DIST_CLASSPATH=class_path(ENGINE_JARS), OMP_NUM_THREADS="1")
    assert said.strip().splitlines()[-1] == "palace"
