"""The Python prompt, and programs run as if typed at it."""

import atexit
import code
import runpy
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NoReturn

from pyspark.sql import SparkSession

import sightline_spark
from sightline_spark import shell
from sightline_spark.errors import ClassifierError
from sightline_spark.shell.launch import Place
from sightline_spark.shell.topics import TopicTables

_HISTORY: Final = Path(".cache/sightline/shell-history")  # below the user's home
_HISTORY_LINES: Final = 1000
_BANNER: Final = """\
Python: spark, sql("SELECT ..."), {names}.
SQL: {tables}classify_image(content[, model[, topK]])."""


def run_prompt(place: Place, topics: TopicTables | None) -> NoReturn:
    """Read and run Python until its end.

    Raises:
        ClassifierError: the engine or BigDL is not installed.
    """
    with _session(place, topics) as spark:
        _interact(spark, topics)
    sys.exit(0)


def _interact(spark: SparkSession, topics: TopicTables | None) -> None:
    names = _names(spark)
    banner = _BANNER.format(tables=_tables(topics), names=", ".join(sorted(set(names) - {"spark", "sql"})))
    if sys.stdin.isatty():
        _edit_lines(names)
    code.interact(banner, local=names, exitmsg="")


def run_script(place: Place, topics: TopicTables | None, program: Path, arguments: Sequence[str]) -> NoReturn:
    """Run the program with the prompt's names; what it raises goes on, and its own status is the process's.

    Raises:
        ClassifierError: the engine or BigDL is not installed.
    """
    with _session(place, topics) as spark:
        sys.argv = [str(program), *arguments]
        runpy.run_path(str(program), _names(spark), "__main__")
    sys.exit(0)


@contextmanager
def _session(place: Place, topics: TopicTables | None) -> Iterator[SparkSession]:
    with TemporaryDirectory(prefix="sightline-shell-") as folder:
        spark = place.builder(Path(folder)).getOrCreate()
        try:
            if topics is not None:
                topics.create(spark)
            yield spark
        finally:
            spark.stop()


def _names(spark: SparkSession) -> dict[str, Any]:
    public = {name: getattr(sightline_spark, name) for name in sightline_spark.__all__ if name != "configure"}
    pictures: dict[str, Any] = {}
    with suppress(ClassifierError):  # without the extra there are none, and who asks by import is told so
        pictures = {name: getattr(shell, name) for name in ("confusion_matrix", "contact_sheet")}
    return {"spark": spark, "sql": spark.sql, **public, **pictures}


def _tables(topics: TopicTables | None) -> str:
    return "" if topics is None else f"tables {', '.join(topics.sources)}; "


def _edit_lines(names: dict[str, Any]) -> None:
    """Completion by Tab, and lines of earlier sessions by the arrow keys."""
    import readline  # noqa: PLC0415 - changes the terminal's settings
    import rlcompleter  # noqa: PLC0415

    readline.set_completer(rlcompleter.Completer(names).complete)
    readline.parse_and_bind("tab: complete")
    readline.set_history_length(_HISTORY_LINES)
    with suppress(OSError, RuntimeError):  # no home, or none that can be written: a prompt without a past
        history = Path.home() / _HISTORY
        history.parent.mkdir(parents=True, exist_ok=True)
        history.touch()
        readline.read_history_file(history)
        atexit.register(_keep_lines, history)


def _keep_lines(history: Path) -> None:
    import readline  # noqa: PLC0415 - as above

    with suppress(OSError):
        readline.write_history_file(history)
