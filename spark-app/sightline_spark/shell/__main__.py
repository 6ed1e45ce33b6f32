"""`sightline-shell`: PySpark or spark-sql with the engine, its SQL function, and Kafka's topics as tables."""

import argparse
import logging
import sys
from pathlib import Path
from typing import Final, NoReturn

from pydantic import ValidationError

from sightline_common.settings import problems
from sightline_spark.errors import ClassifierError
from sightline_spark.settings import ClassifierSettings
from sightline_spark.shell.launch import Place
from sightline_spark.shell.prompt import run_prompt, run_script
from sightline_spark.shell.sql import replace_by_spark_sql
from sightline_spark.shell.topics import TopicTables, topic_tables
from sightline_spark.span import WAYS, Span

_PURPOSE: Final = """\
Ask questions of images and results, in Python or SQL, on Spark with the classifier's engine.

Without --sql, a Python prompt with `spark`, `sql("SELECT ...")`, `contact_sheet`, `confusion_matrix`, and all of
`sightline_spark`; with a FILE, that program instead. With --sql, -e or -f Spark's own spark-sql.

Tables, read from Kafka anew by each query:
  results        one row an image and model version: id, status, label, probability, model, predictions, ...
  images         one row an image: id, name, stream, content (the file's bytes), ...
  dead_letters   one row an image that could not be classified: id, error_code, error_detail, content, ...
DESCRIBE results lists all columns. And classify_image(content[, model[, topK]]) classifies an image.
"""
_EPILOG: Final = """\
examples:
  sightline-shell --sql -e 'SELECT label, count(*) FROM results GROUP BY label'
  sightline-shell --since 1h
  sightline-shell --from 2026-11-23T08:00 --to 2026-11-23T09:00 --sql
  sightline-shell --from results:0=1200,results:1=900

Kafka, the models and the topics' names come from the same SIGHTLINE_ variables as the classifier's; `sightline-classify
--help` lists them. Without Kafka the shell opens all the same, without the tables.
"""


def main() -> None:
    """Open the shell; exit 1 with one line when it cannot open, 2 for a refused option or setting."""
    parser = _parser()
    arguments = parser.parse_args()
    arguments.sql = arguments.sql or arguments.e is not None or arguments.f is not None
    if arguments.sql and arguments.program:
        parser.error("a program is Python: leave --sql out, and name a file of statements by -f")
    try:
        span = Span.parse(arguments.start, arguments.end)
        place = Place(ClassifierSettings(), arguments.master, tuple(arguments.conf))
    except ValidationError as error:
        parser.exit(2, "".join(f"{parser.prog}: {problem}\n" for problem in problems(error)))
    except ClassifierError as error:
        parser.error(str(error))
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # the shell's own line says why Kafka cannot be used
    try:
        _open(arguments, place, span)
    except ClassifierError as error:
        parser.exit(1, f"{parser.prog}: {error}\n")


def _open(arguments: argparse.Namespace, place: Place, span: Span) -> NoReturn:
    topics = None if arguments.no_topics else _topics(place.settings, span)
    if arguments.sql:
        replace_by_spark_sql(place, topics, statements=arguments.e, file=arguments.f)
    if arguments.program:
        run_script(place, topics, arguments.program, arguments.arguments)
    run_prompt(place, topics)


def _topics(settings: ClassifierSettings, span: Span) -> TopicTables | None:
    try:
        return topic_tables(settings, span)
    except ClassifierError as error:
        if not span.whole:
            raise  # who names a part of the topics has come for them
        sys.stderr.write(f"sightline-shell: no tables of topics: {error}\n")
        return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sightline-shell",
        description=_PURPOSE,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("program", nargs="?", type=Path, metavar="FILE", help="Python program to run in the session")
    parser.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="its arguments; options of its own behind --")
    sql = parser.add_argument_group("SQL")
    sql.add_argument("--sql", action="store_true", help="open spark-sql instead of Python")
    sql.add_argument("-e", metavar="SQL", help="run these statements in spark-sql, then end")
    sql.add_argument("-f", metavar="FILE", type=Path, help="run the statements of a file in spark-sql, then end")
    part = parser.add_argument_group("part of the topics (default: all that Kafka has)")
    for flags, dest, meaning in (
        (("--from", "--since"), "start", f"first record: {WAYS}"),
        (("--to",), "end", "the record after the last one, as --from"),
    ):
        part.add_argument(*flags, dest=dest, action="append", default=[], metavar="WHEN", help=meaning)
    part.add_argument("--no-topics", action="store_true", help="do not ask Kafka: no tables")
    spark = parser.add_argument_group("Spark")
    spark.add_argument("--master", default="local[*]", help="where Spark computes (default: %(default)s, here)")
    spark.add_argument("--conf", action="append", default=[], metavar="NAME=VALUE", help="one of Spark's own settings")
    return parser


if __name__ == "__main__":
    main()
