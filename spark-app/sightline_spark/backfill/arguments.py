"""The command line of `sightline-backfill`."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from sightline_spark.backfill.sources import PICTURES
from sightline_spark.backfill.work import DEFAULT_PIECE_IMAGES
from sightline_spark.errors import ClassifierError
from sightline_spark.span import WAYS, WHOLE, Span

PROGRAM: Final = "sightline-backfill"
EPILOG: Final = """\
examples:
  sightline-backfill folder photos --out labels --model efficientnet-lite0
  sightline-backfill table photos.parquet --image-column jpeg --key-column id --out labels
  sightline-backfill topic --since 7d --model digits-lenet@2 --out labels     the last week anew, with another model
  sightline-backfill topic --from 2026-11-20T08:00 --to 2026-11-20T09:00 --results
  sightline-backfill folder photos --results                    as if somebody had sent them, without their bytes

Say the same again and it goes on: what is done is not done again, what is new in the source is added. Ctrl-C or a kill
costs at most the piece that was in work. --out is a Parquet table for Spark, pandas, DuckDB and others,
one row a file, a row or a record, also where it could not be classified: the column error says why. An image that its
sender repeated is in the topic twice, and has two rows with one id. docs/backfill.md has all columns.

The models, Kafka and where Spark runs are set as for the classifier, by environment variables: SIGHTLINE_MODELS_DIR,
SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS, SIGHTLINE_CLASSIFIER_MASTER (default here: local[*], every processor) and the others
that `sightline-classify --help` lists.

exit status: 0 all is done; 1 it cannot go on, and stderr says why; 2 what was asked for makes no sense; 3 all is done
but images that could not be read; 130 or 143 it was stopped by Ctrl-C or SIGTERM, and goes on with the same command
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for; `out` None: the topic `results`."""

    kind: Literal["folder", "table", "topic"]
    place: str
    out: str | None
    work: str | None
    model: str | None
    precision: str | None
    limit: int | None
    piece_images: int
    dry_run: bool
    glob: str = PICTURES
    image_column: str | None = None
    key_column: str | None = None
    span: Span = WHOLE


def parse(arguments: Sequence[str] | None = None) -> Options:
    """The options; exits with status 2 when they make no sense."""
    parser = _parser()
    values = vars(parser.parse_args(arguments))
    if values["work"] is not None and values["out"] is not None:
        parser.error("--work belongs to --results: with --out the work list is in the table's folder, in _backfill")
    values.pop("results")
    try:
        span = Span.parse(values.pop("start", []), values.pop("end", []))
    except ClassifierError as error:
        parser.error(str(error))
    return Options(**values, span=span)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Classify images that are there already: a folder, a Parquet table or a range of Kafka's image"
        " topic, each record of it once, into a Parquet table or the topic `results`.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common = _common()
    sources = parser.add_subparsers(dest="kind", required=True, metavar="SOURCE")
    folder = sources.add_parser("folder", parents=[common], help="image files below a folder, however deep")
    folder.add_argument("place", metavar="FOLDER", type=_place, help="a folder, or its URL (hdfs://)")
    folder.add_argument(
        "--glob",
        default=PICTURES,
        help="which names of files to take, for example '*.jpg', '*.{jpg,png}' or '*' (default: every name that ends as"
        " JPEG, PNG, WebP, GIF and BMP files do); names that begin with . or _ are never taken",
    )
    table = sources.add_parser("table", parents=[common], help="rows of a Parquet table")
    table.add_argument("place", metavar="TABLE", type=_place, help="a Parquet file or folder, or its URL")
    table.add_argument("--image-column", metavar="NAME", help="the images' bytes (default: content, or the only one)")
    table.add_argument("--key-column", metavar="NAME", help="what comes back as name (default: path, if there is one)")
    topic = sources.add_parser("topic", parents=[common], help="a range of Kafka's image topic")
    topic.set_defaults(place="")
    for flags, dest, meaning in (
        (("--from", "--since"), "start", f"where the range begins: {WAYS} (default: earliest, all that is there)"),
        (("--to",), "end", "where it ends, as --from (default: latest, what is there now)"),
    ):
        topic.add_argument(*flags, dest=dest, action="append", default=[], metavar="WHEN", help=meaning)
    return parser


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    target = common.add_mutually_exclusive_group(required=True)
    target.add_argument("--out", metavar="FOLDER", type=_place, help="the Parquet table to write, or its URL")
    target.add_argument("--results", action="store_true", help="write result documents to Kafka's topic results")
    common.add_argument(
        "--work",
        metavar="FOLDER",
        type=_place,
        help="where --results keeps its work list (default: in .sightline/backfill/ of the current folder, named after"
        " source, model and precision)",
    )
    common.add_argument(
        "--model",
        metavar="NAME[@VERSION]",
        help="model for all images; it keeps the version that it begins with (default: SIGHTLINE_DEFAULT_MODEL, and of"
        " a topic the model that each image asks for)",
    )
    common.add_argument(
        "--precision",
        choices=["auto", "f32", "bf16", "int8"],
        help="arithmetic (default: SIGHTLINE_CLASSIFIER_PRECISION)",
    )
    common.add_argument(
        "--limit", metavar="N", type=_count, help="the first N images, rounded up to whole pieces and files of a table"
    )
    common.add_argument(
        "--piece",
        metavar="N",
        dest="piece_images",
        type=_count,
        default=DEFAULT_PIECE_IMAGES,
        help="images that are kept at once, what a kill costs at most (default: %(default)s)",
    )
    common.add_argument("--dry-run", action="store_true", help="say what there is to do, and do nothing")
    return common


def _place(text: str) -> str:
    """A URL as it is, a path from the root."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name")
    return text if "://" in text else str(Path(os.path.abspath(Path(text).expanduser())))  # noqa: PTH100 - no links followed


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text} is not a number of at least 1")
    return int(text)
