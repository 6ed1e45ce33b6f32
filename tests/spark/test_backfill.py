"""Backfills on real Spark and a real broker: each image once, with the id that anybody can work out."""

import os
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from kafka import KafkaConsumer, TopicPartition
from pyspark.sql import Row, SparkSession

from sightline_contracts.ids import image_id_from_key
from sightline_contracts.results import Result, decode_result
from sightline_contracts.topics import DEAD_LETTERS, RESULTS
from sightline_local.kafka import EmbeddedKafka
from sightline_spark.backfill import run
from sightline_spark.backfill.app import backfill
from sightline_spark.backfill.arguments import parse
from sightline_spark.backfill.errors import BackfillError, Refused
from sightline_spark.backfill.stopping import Stopped
from sightline_spark.backfill.work import Entry
from sightline_spark.errors import ClassifierError
from sightline_spark.settings import ClassifierSettings
from tests.spark.classifier_process import send
from tests.spark.conftest import digit_png

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")]  # PySpark's

Run = tuple[int, str]


class Command:
    """`sightline-backfill` in the suite's session."""

    def __init__(
        self, spark: SparkSession, settings: ClassifierSettings, capsys: pytest.CaptureFixture[str], folder: Path
    ) -> None:
        self.spark = spark
        self.settings = settings
        self._capsys = capsys
        self.out = folder / "labels"
        self.stop = Event()

    def __call__(self, *arguments: object) -> Run:
        """Exit status and all that it said."""
        self._capsys.readouterr()
        status = backfill(self.spark, parse([str(each) for each in arguments]), self.settings, self.stop)
        said = self._capsys.readouterr()
        return status, said.err + said.out

    def rows(self) -> list[Row]:
        """What is in the table, by name."""
        return self.spark.read.parquet(str(self.out)).orderBy("name", "id").collect()


@pytest.fixture
def command(
    spark: SparkSession, settings: ClassifierSettings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    return Command(spark, settings, capsys, tmp_path)


def photos(folder: Path, count: int) -> dict[str, tuple[bytes, int]]:
    """Digits in folders whose names are patterns, have spaces and are not ASCII: bytes and digit by relative path."""
    made = {}
    for index in range(count):
        name = ("", "a [b]{c}*/", "ü %20/deeper/")[index % 3] + f"digit #{index:02}.{('png', 'PNG')[index % 2]}"
        made[name] = digit_png(index)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(made[name][0])
    return made


def test_a_folder_becomes_a_table_and_grows_with_it(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    sent = photos(folder, 12)
    (folder / "bad.jpg").write_bytes(b"no picture")
    (folder / "large.png").write_bytes(digit_png(0)[0] + bytes(command.settings.max_image_bytes))
    (folder / "notes.txt").write_text("nothing for us")

    assert command("folder", folder, "--out", command.out, "--dry-run")[1].endswith(
        "0 are done, 14 to do with digits-lenet\n"
    )
    assert not command.out.exists()
    status, said = command("folder", folder, "--out", command.out, "--piece", 5)

    assert status == 0
    assert said.endswith(f"finished: 14 images in {command.out}, 12 classified, 2 failed; 14 of them in this run\n")
    rows = {row.name: row for row in command.rows()}
    assert rows.keys() == sent.keys() | {"bad.jpg", "large.png"}
    hits = [rows[name].label == str(digit) for name, (_, digit) in sent.items()]
    assert sum(hits) >= 11
    for name, (payload, _) in sent.items():
        assert rows[name].id == image_id_from_key("file", name, payload)
    one = rows["digit #00.png"]
    assert (one.model, one.precision, one.error, one.stream, one.origin) == ("digits-lenet@1", "f32", None, None, None)
    assert len(one.top) == 5
    assert (one.top[0].label, one.top[0].probability) == (one.label, one.probability)
    assert one.timing_ms.inference > 0
    assert abs(one.classified_at.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds() < 86_400
    assert (rows["bad.jpg"].label, rows["bad.jpg"].error.code) == (None, "unsupported-type")
    assert rows["large.png"].error.code == "too-large"

    (folder / "new.png").write_bytes(digit_png(40)[0])
    status, said = command("folder", folder, "--out", command.out)
    assert (status, said.splitlines()[-1].rpartition("; ")[2]) == (0, "1 of them in this run")
    assert [row.name for row in command.rows()] == sorted([*rows, "new.png"])
    assert command("folder", folder, "--out", command.out)[1].endswith(
        f"nothing to do: all 15 images are done, in {command.out}\n"
    )


class OnceKept(Event):
    """A signal that comes with the first piece of a table."""

    def __init__(self, table: Path) -> None:
        super().__init__()
        self._table = table

    def is_set(self) -> bool:
        return any(self._table.glob("part-*"))


def test_a_stopped_run_counts_what_is_kept_and_a_limit_limits_the_next_one(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The piece in work is thrown away, however far its tasks are; `--limit` did all that was in the work list.

    What is kept is on the disk: a power cut could leave files by name alone, of which the next run thought them done.
    """
    forced: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda file: forced.add(os.fstat(file).st_ino))
    folder = tmp_path / "photos"
    photos(folder, 12)
    monkeypatch.setattr(run, "_share_done", lambda _spark: 0.5)
    command.out = tmp_path / "new" / "newer" / "labels"
    command.stop = OnceKept(command.out)
    with pytest.raises(Stopped) as stopped:
        command("folder", folder, "--out", command.out, "--piece", 4)
    kept = 4 * len(list(command.out.glob("part-*")))
    assert str(stopped.value) == f": {kept} of 12 images are done"
    assert kept == 4
    work = command.out / "_backfill"
    made = [tmp_path, *command.out.parents[:2], command.out, work]
    for place in (*made, *command.out.glob("part-*"), work / "job.json", *work.glob("pieces/**/*")):
        assert place.stat().st_ino in forced, place

    command.stop = Event()
    arguments = ("folder", folder, "--out", command.out, "--limit", 6)
    assert command(*arguments, "--dry-run")[1].startswith(f"8 images for {command.out}: 4 are done, 4 to do")
    status, said = command(*arguments)
    assert (status, said.splitlines()[-1].rpartition("; ")[2]) == (0, "4 of them in this run")
    assert len(command.rows()) == 8


def test_files_that_cannot_be_read_are_tried_again(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    photos(folder, 3)
    command("folder", folder, "--out", command.out, "--limit", 1)
    payload = digit_png(4)[0]
    gone = Entry("gone.png", 1, len(payload), 1_700_000_000_000)
    pieces = command.out / "_backfill" / "pieces"
    (pieces / "000001.json").write_text(gone.to_json() + "\n")  # it was there when it was listed

    status, said = command("folder", folder, "--out", command.out, "--limit", 2)
    assert status == 3
    assert "could not read gone.png: " in said
    assert "sightline-backfill: 1 images could not be read: the same command tries them again\n" in said

    (folder / "gone.png").write_bytes(payload)
    os.utime(folder / "gone.png", (gone.modified / 1000, gone.modified / 1000))
    status, said = command("folder", folder, "--out", command.out)
    assert status == 0
    assert [row.name for row in command.rows()].count("gone.png") == 1
    assert len(command.rows()) == 4
    assert "nothing to do" in command("folder", folder, "--out", command.out)[1]


def test_a_table_with_columns_of_its_own(command: Command, tmp_path: Path) -> None:
    digits = [digit_png(index) for index in range(9)]
    rows: list[tuple[int, str, bytearray | None]] = [
        (number, f"day={number % 2}", bytearray(payload)) for number, (payload, _) in enumerate(digits)
    ]
    rows.append((9, "day=0", None))
    table = str(tmp_path / "a [table]*")
    frame = command.spark.createDataFrame(rows, "`my key` int, day string, jpeg binary")
    frame.repartition(3).write.partitionBy("day").parquet(table)

    status, said = command("table", table, "--key-column", "my key", "--out", command.out, "--piece", 2)

    assert status == 0
    assert "10 images in" in said
    found = {row.name: row for row in command.rows()}
    assert found.keys() == {str(number) for number in range(10)}
    assert sum(found[str(number)].label == str(digit) for number, (_, digit) in enumerate(digits)) >= 8
    assert found["3"].id == image_id_from_key("table", "3", digits[3][0])
    assert found["9"].error.code == "empty"
    with pytest.raises(Refused, match="column x is not in the table; columns with bytes: jpeg"):
        command("table", table, "--image-column", "x", "--out", tmp_path / "other")
    with pytest.raises(Refused, match=r"holds another backfill, of key column my key \(now none\)"):
        command("table", table, "--out", command.out)


def test_what_cannot_be_is_one_line(command: Command, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter.txt").write_text("dear")
    with pytest.raises(Refused, match=r"there is no folder file:.*/nowhere"):
        command("folder", tmp_path / "nowhere", "--out", command.out)
    with pytest.raises(Refused, match="holds something else already"):
        command("folder", tmp_path / "photos", "--out", tmp_path / "taken")
    right = command.settings
    command.settings = right.model_copy(update={"models_dir": tmp_path})
    with pytest.raises(BackfillError, match=r"model digits-lenet cannot be used: .*not installed"):
        command("folder", tmp_path / "photos", "--out", command.out)
    command.settings = right  # and what is mended goes on in the place that the failed run has begun
    empty = tmp_path / "photos"
    assert f"no images were found in folder {empty}; `" in command("folder", empty, "--out", command.out)[1]
    command.settings = right.model_copy(update={"classifier_master": "spark://host:7077"})
    with pytest.raises(Refused, match="on a cluster name a folder by --work"):
        command("folder", tmp_path / "photos", "--results")
    command.settings = right.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"})
    with pytest.raises(ClassifierError, match=r"^Kafka at 127\.0\.0\.1:1: "):
        command("topic", "--out", command.out)
    with pytest.raises(ClassifierError, match="offsets of results: it is none of the topics images"):
        command("topic", "--from", "results=1", "--out", command.out)


@pytest.mark.kafka
def test_a_range_of_the_topic_becomes_results(command: Command, broker: EmbeddedKafka, tmp_path: Path) -> None:
    kafka = broker.bootstrap_servers
    command.settings = command.settings.model_copy(update={"kafka_bootstrap_servers": kafka})
    before = send(kafka, [digit_png(index)[0] for index in range(5)])
    since = ",".join(f"images:{number}={offset}" for number, offset in ends(kafka, "images").items())
    sent = send(kafka, [*(digit_png(index)[0] for index in range(20)), b"no picture"])

    arguments = ("topic", "--from", since, "--results", "--work", tmp_path / "work", "--piece", 8)
    status, said = command(*arguments)

    assert status == 0
    assert said.endswith("finished: 21 images in topic results, 20 classified, 1 failed; 21 of them in this run\n")
    results = read(kafka, RESULTS)
    assert sorted(result.id for result in results) == sorted(sent)
    assert {result.source for result in results} == {"http"}
    assert sum(ends(kafka, DEAD_LETTERS).values()) == 1
    assert "nothing to do: all 21 images are done" in command(*arguments)[1]

    status, _ = command("topic", "--out", command.out, "--model", "digits-lenet@1")
    assert status == 0
    rows = command.rows()
    assert sorted(row.id for row in rows) == sorted([*before, *sent])
    assert {row.origin.topic for row in rows} == {"images"}


@pytest.mark.kafka
def test_files_become_results_that_name_no_place_in_kafka(
    command: Command, broker: EmbeddedKafka, tmp_path: Path
) -> None:
    command.settings = command.settings.model_copy(update={"kafka_bootstrap_servers": broker.bootstrap_servers})
    folder = tmp_path / "photos"
    sent = photos(folder, 3)
    (folder / "bad.jpg").write_bytes(b"no picture")
    letters = sum(ends(broker.bootstrap_servers, DEAD_LETTERS).values())

    assert command("folder", folder, "--results", "--work", tmp_path / "work")[0] == 0

    results = {result.name: result for result in read(broker.bootstrap_servers, RESULTS) if result.source == "file"}
    assert results.keys() == sent.keys() | {"bad.jpg"}
    for name, (payload, _) in sent.items():
        assert results[name].id == image_id_from_key("file", name, payload)
    assert sum(ends(broker.bootstrap_servers, DEAD_LETTERS).values()) == letters
    command.settings = command.settings.model_copy(update={"classifier_precision": "bf16"})
    with pytest.raises(Refused, match=r"/work holds another backfill, of precision f32 \(now bf16\).* --work"):
        command("folder", folder, "--results", "--work", tmp_path / "work")


def ends(kafka: str, topic: str) -> dict[int, int]:
    """The end of each partition."""
    with closing(KafkaConsumer(bootstrap_servers=kafka)) as consumer:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        return {place.partition: offset for place, offset in consumer.end_offsets(partitions).items()}


def read(kafka: str, topic: str) -> list[Result]:
    """All results of the topic."""
    left, deadline = sum(ends(kafka, topic).values()), time.monotonic() + 60
    found: list[Result] = []
    with closing(KafkaConsumer(bootstrap_servers=kafka)) as consumer:
        consumer.assign([TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)])
        consumer.seek_to_beginning()
        while len(found) < left:
            assert time.monotonic() < deadline, f"{len(found)} of {left}"
            for records in consumer.poll(timeout_ms=500).values():
                found += [decode_result(record.value) for record in records]
    return found
