"""Where images come from: what there is, and the image records of a piece of it."""

from collections.abc import Iterator
from typing import Any, Final, Protocol
from urllib.parse import unquote

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.types import BinaryType

from sightline_spark.backfill.errors import BackfillError, Refused
from sightline_spark.backfill.ledger import Ledger
from sightline_spark.backfill.rows import Outcomes, StoredOutcomes, image_records
from sightline_spark.backfill.store import Store
from sightline_spark.backfill.work import Entry, Piece
from sightline_spark.errors import first_line

# What the engine decodes, in either case.
PICTURES: Final = "*.{[jJ][pP][gG],[jJ][pP][eE][gG],[pP][nN][gG],[wW][eE][bB][pP],[gG][iI][fF],[bB][mM][pP]}"
_GLOB_CHARACTERS: Final = str.maketrans({character: f"\\{character}" for character in "*?[]{}\\"})
_IMAGES_PER_TASK: Final = 100  # fewer, and opening a model's session for each task shows
_KEY: Final = ("name", "size", "modified")


class Source(Protocol):
    """Images that are there already."""

    outcomes: Outcomes

    @property
    def identity(self) -> dict[str, str]:
        """What makes it this source and no other."""

    def left(self, ledger: Ledger) -> Iterator[Entry]:
        """The entries that the work list has not, always in the same order.

        Raises:
            BackfillError: the source cannot be read.
        """

    def records(self, ledger: Ledger, piece: Piece) -> DataFrame:
        """The image records of a piece, as Kafka's source gives them."""

    def unreadable(self) -> dict[str, str]:
        """Why which images of the last piece's records were left out, by their names."""


class Folder:
    """Image files below a folder, however deep."""

    outcomes: Outcomes = StoredOutcomes()

    def __init__(self, spark: SparkSession, folder: str, glob: str, max_image_bytes: int, tasks: int) -> None:
        self._spark = spark
        self._store = Store(spark, folder)
        self._glob = glob
        self._max_image_bytes = max_image_bytes
        self._tasks = tasks
        self._unreadable: Any = None
        if not self._store.is_folder:
            raise Refused(f"there is no folder {self._store.root}")

    @property
    def identity(self) -> dict[str, str]:
        """See Source."""
        return {"source": self._store.root}

    def left(self, ledger: Ledger) -> Iterator[Entry]:
        """See Source: ordered by path."""
        root = self._store.root.rstrip("/")
        found = self._spark.read.format("binaryFile").option("recursiveFileLookup", "true")
        listing = found.option("pathGlobFilter", self._glob).load(_literal(root))
        entries = listing.select(
            f.expr(f"substring(path, {len(root) + 2})").alias("name"),
            f.lit(1).alias("images"),
            f.col("length").alias("size"),
            f.expr("unix_millis(modificationTime)").alias("modified"),
        )
        yield from _unknown(entries, ledger)

    def records(self, ledger: Ledger, piece: Piece) -> DataFrame:
        """See Source."""
        jvm: Any = self._spark._jvm  # noqa: SLF001 - py4j's door
        self._unreadable = self._spark._jsc.sc().collectionAccumulator()  # noqa: SLF001
        names = self._spark.read.schema("name string").json(ledger.store.place(f"pieces/{piece.label}.json"))
        files = names.select("name", f.concat(f.lit(f"{self._store.root.rstrip('/')}/"), "name").alias("path"))
        spread = files.repartition(max(self._tasks, piece.images // _IMAGES_PER_TASK))
        reader = jvm.io.sightline.engine.table.ImageFiles
        contents = reader.read(spread._jdf, self._max_image_bytes, self._unreadable)  # noqa: SLF001
        return image_records(DataFrame(contents, self._spark), "file")

    def unreadable(self) -> dict[str, str]:
        """See Source."""
        rows = [] if self._unreadable is None else self._unreadable.value()
        return {str(row.getString(0)): str(row.getString(1)) for row in rows}


class Table:
    """The rows of a Parquet table with a column of image bytes."""

    outcomes: Outcomes = StoredOutcomes()

    def __init__(self, spark: SparkSession, table: str, image: str | None, key: str | None, tasks: int) -> None:
        self._spark = spark
        self._store = Store(spark, table)
        self._tasks = tasks
        if not self._store.exists(""):
            raise Refused(f"there is no table {self._store.root}")
        try:
            self._frame = spark.read.parquet(_literal(self._store.root))
        except PySparkException as error:
            raise BackfillError(f"{self._store.root} is no Parquet table: {first_line(error)}") from error
        self._image = image_column(self._frame, image)
        self._key = key_column(self._frame, key)

    @property
    def identity(self) -> dict[str, str]:
        """See Source."""
        return {"source": self._store.root, "image column": self._image, "key column": self._key or ""}

    def left(self, ledger: Ledger) -> Iterator[Entry]:
        """See Source: the table's files, ordered by path."""
        places = self._frame.select(
            f.col("_metadata.file_path").alias("name"),
            f.col("_metadata.file_size").alias("size"),
            f.expr("unix_millis(_metadata.file_modification_time)").alias("modified"),
        )
        yield from _unknown(places.groupBy(*_KEY).agg(f.count("*").alias("images")), ledger)

    def records(self, ledger: Ledger, piece: Piece) -> DataFrame:  # noqa: ARG002 - Source's
        """See Source."""
        files = [_literal(unquote(entry.name)) for entry in piece.entries]
        reader = self._spark.read.schema(self._frame.schema).option("basePath", self._store.root)
        key = f.col(_quoted(self._key)).cast("string") if self._key else f.lit(None).cast("string")
        images = reader.parquet(*files).select(key.alias("name"), f.col(_quoted(self._image)).alias("content"))
        if images._jdf.rdd().getNumPartitions() < self._tasks:  # noqa: SLF001 - starts no Python on the rows
            images = images.repartition(self._tasks * 2)
        return image_records(images, "table")

    def unreadable(self) -> dict[str, str]:
        """See Source: a file of the table that cannot be read ends the run."""
        return {}


def image_column(frame: DataFrame, asked: str | None) -> str:
    """The column with the images: the one asked for, else `content`, else the only one with bytes.

    Raises:
        Refused: there is no such column, or it has no bytes.
    """
    binary = [field.name for field in frame.schema.fields if isinstance(field.dataType, BinaryType)]
    there = f"columns with bytes: {', '.join(binary) or 'none'}"
    if asked is not None:
        if asked not in binary:
            has = "holds no bytes" if asked in frame.columns else "is not in the table"
            raise Refused(f"column {asked} {has}; {there}")
        return asked
    if "content" in binary:
        return "content"
    if len(binary) != 1:
        raise Refused(f"say with --image-column which column has the images; {there}")
    return binary[0]


def key_column(frame: DataFrame, asked: str | None) -> str | None:
    """The column that names images: the one asked for, else `path` if there is one.

    Raises:
        Refused: there is no such column.
    """
    if asked is not None and asked not in frame.columns:
        raise Refused(f"column {asked} is not in the table; it has: {', '.join(frame.columns)}")
    return asked or ("path" if "path" in frame.columns else None)


def _unknown(entries: DataFrame, ledger: Ledger) -> Iterator[Entry]:
    known = ledger.known()
    left = entries if known is None else entries.join(known, list(_KEY), "left_anti")
    try:
        for row in left.orderBy("name").toLocalIterator(prefetchPartitions=True):
            yield Entry(row["name"], row["images"], row["size"], row["modified"])
    except PySparkException as error:
        raise BackfillError(f"the source cannot be listed: {first_line(error)}") from error


def _literal(path: str) -> str:
    """A path that Spark shall not take for a pattern."""
    return path.translate(_GLOB_CHARACTERS)


def _quoted(column: str | None) -> str:
    return f"`{(column or '').replace('`', '``')}`"
