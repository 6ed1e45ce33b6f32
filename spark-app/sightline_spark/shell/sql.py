"""Spark's own SQL prompt in place of this process."""

import errno
import os
import tempfile
from pathlib import Path
from typing import Final, NoReturn

import pyspark

from sightline_spark.errors import ClassifierError
from sightline_spark.shell.launch import Place
from sightline_spark.shell.topics import TopicTables

_SHELL: Final = "io.sightline.engine.table.SqlShell"
_FOLDER: Final = "SIGHTLINE_SHELL_FOLDER"  # deleted in the end
_TOPICS: Final = "SIGHTLINE_SHELL_TOPICS"  # only the process's own user can read it

_TOO_LONG: Final = (
    "spark-sql cannot take Kafka's certificates, once a table, or statements in texts of more than 128 kB:"
    " let SIGHTLINE_KAFKA_CA_FILE have only the broker's authority, or leave --sql, -e and -f out"
)


def replace_by_spark_sql(
    place: Place, topics: TopicTables | None, *, statements: str | None = None, file: Path | None = None
) -> NoReturn:
    """Become spark-sql: with its prompt, or running `statements` or those of `file`. Its status is the process's.

    Raises:
        ClassifierError: the engine or BigDL is not installed, or certificates or statements are too long.
    """
    with tempfile.TemporaryDirectory(prefix="sightline-shell-") as folder:  # only gone here if this process goes on
        configuration = dict(place.builder(Path(folder))._options)  # noqa: SLF001 - no other way to them
        command = spark_sql_command(configuration, statements, file)
        os.environ[_FOLDER] = folder
        if topics is not None:
            os.environ[_TOPICS] = topics.to_json()
        os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
        try:
            os.execv(command[0], command)  # noqa: S606
        except OSError as error:
            if error.errno != errno.E2BIG:
                raise
            raise ClassifierError(_TOO_LONG) from error


def spark_sql_command(configuration: dict[str, str], statements: str | None, file: Path | None) -> list[str]:
    """The program and its arguments; nothing of Kafka's is among them."""
    command = [str(Path(pyspark.__file__).with_name("bin") / "spark-submit"), "--class", _SHELL]
    for name, value in configuration.items():
        command += ["--conf", f"{name}={value}"]
    command.append("spark-internal")
    if statements is not None:
        command += ["-e", statements]
    return command if file is None else [*command, "-f", str(file)]
