"""Where results go: a piece is kept whole or not at all."""

import json
from dataclasses import asdict, dataclass
from typing import Final, Protocol
from uuid import uuid4

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from sightline_spark.backfill.rows import Outcomes
from sightline_spark.backfill.store import Store
from sightline_spark.backfill.work import Piece
from sightline_spark.kafka import kafka_options
from sightline_spark.settings import ClassifierSettings

WORK_FOLDER: Final = "_backfill"  # Spark and others that read tables skip names that begin so
_PART: Final = "part-{}.parquet"
_PRODUCER_BUFFER_BYTES: Final = 32 * 1024 * 1024  # Kafka's default


@dataclass(frozen=True, slots=True)
class Counts:
    """Images of which there is a result, and those among them that could not be classified."""

    images: int
    failed: int

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.images + other.images, self.failed + other.failed)


class Sink(Protocol):
    """A place for results."""

    @property
    def identity(self) -> dict[str, str]:
        """What makes it this place and no other."""

    @property
    def name(self) -> str:
        """The place, for people."""

    def done(self) -> set[int]:
        """The numbers of the pieces that are kept."""

    def write(self, rows: DataFrame, outcomes: Outcomes) -> Counts:
        """Take the engine's rows of a piece, whose meaning is `outcomes`.

        What is written of them before `commit` may be written again.
        """

    def commit(self, piece: Piece, counts: Counts) -> None:
        """Keep what was last written."""

    def total(self) -> Counts:
        """What all kept pieces hold."""


class ParquetTable:
    """A folder with one Parquet file a piece, which gets its name at once when it is whole: each record has one row."""

    def __init__(self, spark: SparkSession, folder: Store, results_topic: str) -> None:
        self._spark = spark
        self._folder = folder
        self._results_topic = results_topic
        self._written = ""

    @property
    def identity(self) -> dict[str, str]:
        """See Sink: its work folder is inside."""
        return {}

    @property
    def name(self) -> str:
        """See Sink."""
        return str(self._folder.local or self._folder.root)

    def done(self) -> set[int]:
        """See Sink."""
        before, after = _PART.split("{}")
        names = (name for name in self._folder.names() if name.startswith(before) and name.endswith(after))
        return {int(name.removeprefix(before).removesuffix(after)) for name in names}

    def write(self, rows: DataFrame, outcomes: Outcomes) -> Counts:
        """See Sink."""
        self._written = f"{WORK_FOLDER}/running/{uuid4().hex}"
        results = outcomes.columns(rows.where(f.col("topic") == self._results_topic))
        results.repartition(1).write.parquet(self._folder.place(self._written))
        return self._counts(self._written)

    def commit(self, piece: Piece, counts: Counts) -> None:  # noqa: ARG002 - Sink's
        """See Sink."""
        (part,) = (name for name in self._folder.names(self._written) if name.endswith(".parquet"))
        self._folder.move(f"{self._written}/{part}", _PART.format(piece.label))
        self._folder.delete(self._written)

    def total(self) -> Counts:
        """See Sink."""
        return self._counts("") if self.done() else Counts(0, 0)

    def _counts(self, name: str) -> Counts:
        table = self._spark.read.parquet(self._folder.place(name))
        row = table.agg(f.count("*"), f.count("error")).collect()[0]
        return Counts(row[0], row[1])


class ResultsTopic:
    """The topic that the classifier writes to. A piece that is cut short is written again, with the same ids."""

    def __init__(self, settings: ClassifierSettings, work: Store) -> None:
        self._settings = settings
        self._work = work

    @property
    def identity(self) -> dict[str, str]:
        """See Sink."""
        return {"results": f"{self.name} at {self._settings.kafka_bootstrap_servers}"}

    @property
    def name(self) -> str:
        """See Sink."""
        return f"topic {self._settings.classifier_results_topic}"

    def done(self) -> set[int]:
        """See Sink."""
        return {int(name.split(".")[0]) for name in self._work.names("done")}

    def write(self, rows: DataFrame, outcomes: Outcomes) -> Counts:
        """See Sink."""
        is_result = f.col("topic") == self._settings.classifier_results_topic
        failed = is_result & f.get_json_object(f.decode("value", "UTF-8"), "$.error.code").isNotNull()
        held = outcomes.records(rows, is_result).persist()  # classified once, for the counts and for Kafka
        try:
            row = held.agg(f.count_if(is_result), f.count_if(failed)).collect()[0]
            held.write.format("kafka").options(**self._options()).save()
        finally:
            held.unpersist()
        return Counts(row[0], row[1])

    def commit(self, piece: Piece, counts: Counts) -> None:
        """See Sink."""
        self._work.write(f"done/{piece.label}.json", [json.dumps(asdict(counts))])

    def total(self) -> Counts:
        """See Sink."""
        kept = (json.loads(self._work.read(f"done/{name}")) for name in self._work.names("done"))
        return sum((Counts(**each) for each in kept), Counts(0, 0))

    def _options(self) -> dict[str, str]:
        limit = self._settings.record_limit
        return {
            "kafka.acks": "all",
            "kafka.enable.idempotence": "true",
            # As the classifier: above what a topic takes, and room for it in the producer's buffer.
            "kafka.max.request.size": str(limit + 1024 * 1024),
            "kafka.buffer.memory": str(max(_PRODUCER_BUFFER_BYTES, 2 * limit)),
            **kafka_options(self._settings),
        }
