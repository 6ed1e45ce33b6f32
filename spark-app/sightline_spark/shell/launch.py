"""Where the shell's Spark runs, and with what: as the classifier's settings and the command line say."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyspark.sql import SparkSession

from sightline_spark.errors import ClassifierError
from sightline_spark.kafka import REDACTION
from sightline_spark.settings import ClassifierSettings
from sightline_spark.table import configure

_SHELL: Final = {
    "spark.app.name": "sightline-shell",
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",  # as all that the project writes down
    # Tables of the session's own are forgotten with it: no metastore, whose files would lie where the shell was opened.
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.shuffle.partitions": "16",  # of 200 a prompt would wait for
    **REDACTION,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A session to be: the classifier's settings, Spark's master, and `NAME=VALUE` of Spark's own settings."""

    settings: ClassifierSettings
    master: str
    extra: tuple[str, ...]

    def __post_init__(self) -> None:
        for setting in self.extra:
            if not setting.partition("=")[0].startswith("spark.") or "=" not in setting:
                raise ClassifierError(f"--conf {setting} is not spark.NAME=VALUE")

    def builder(self, folder: Path) -> SparkSession.Builder:
        """A builder with everything set, and the environment of the JVM that it will start.

        Tables that somebody creates in the session go to `folder`.

        Raises:
            ClassifierError: the engine or BigDL is not installed.
        """
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        if self.master.startswith("local"):
            os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"  # all on this machine: nothing listens beyond it
        builder = SparkSession.builder.master(self.master).config("spark.sql.warehouse.dir", folder.as_uri())
        given = {name: value for name, _, value in (setting.partition("=") for setting in self.extra)}
        for name, value in (_SHELL | self._of_settings() | given).items():
            builder.config(name, value)
        # Last, as it adds to what is given: to extensions, to jars.
        models = given.get("spark.sightline.models", self.settings.models_dir)
        return configure(builder, models=models, engine=self.settings.classifier_engine_dir)

    def _of_settings(self) -> dict[str, str]:
        settings = self.settings
        return {
            "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
            "spark.driver.memory": settings.classifier_driver_memory,
            "spark.sightline.model": settings.default_model,
            "spark.sightline.precision": settings.classifier_precision,
            "spark.sightline.maxPixels": str(settings.max_pixels),
            "spark.sightline.maxImageBytes": str(settings.max_image_bytes),
        }
