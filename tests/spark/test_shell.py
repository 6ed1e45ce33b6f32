"""Kafka's topics as tables of a session, on a real broker: what is typed, what is left out, what is shown once."""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from PIL import Image
from pyspark.sql import Row, SparkSession

from sightline_contracts.dead_letters import DeadLetter, encode_dead_letter
from sightline_contracts.headers import KafkaHeaders
from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord, encode_headers
from sightline_contracts.results import ErrorInfo, ModelRef, Prediction, Result, Timing, encode_result
from sightline_contracts.topics import DEAD_LETTERS, IMAGES, RESULTS
from sightline_local.kafka import EmbeddedKafka
from sightline_spark.errors import ClassifierError
from sightline_spark.settings import ClassifierSettings
from sightline_spark.shell import add_topics, confusion_matrix, contact_sheet
from tests.spark.conftest import digit_png, encode

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # PySpark's
]

Record = tuple[str, bytes | None, bytes | None, KafkaHeaders]
IMAGE = ImageRecord(
    new_image_id(),
    digit_png(0)[0],
    "image/png",
    "tcp",
    1_795_323_600_123,
    stream="cam-1",
    name="zero.png",
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)
RESULT = Result(
    id=IMAGE.id,
    status="classified",
    model=ModelRef("digits-lenet", "1"),
    predictions=(Prediction(0, "0", 0.9), Prediction(8, "8", 0.1)),
    stream="cam-1",
    name="zero.png",
    source="tcp",
    accepted_at=1_795_323_600_123,
    classified_at=1_795_323_600_205,
    timing_ms=Timing(21.0, 3.5, 14.25),
    error=None,
    precision="f32",
    engine="onednn",
    trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
)
FAILED = replace(
    RESULT,
    id=new_image_id(),
    status="failed",
    predictions=(),
    error=ErrorInfo("truncated", "the JPEG has no end marker"),
    accepted_at=None,
)
SWAPPED = replace(RESULT, model=ModelRef("digits-lenet", "2"), predictions=(Prediction(6, "6", 0.7),))


def image(record: ImageRecord) -> Record:
    return IMAGES, record.id.encode(), bytes(record.payload), encode_headers(record)


def result(record: Result) -> Record:
    return RESULTS, record.id.encode(), encode_result(record), []


def letter(record: ImageRecord, code: str) -> Record:
    headers: tuple[tuple[str, bytes | None], ...] = tuple(encode_headers(record))
    dead = DeadLetter(code, "why it could not be", IMAGES, 2, 4711, (*headers, ("error-code", b"the sender's own")))
    return DEAD_LETTERS, record.id.encode(), bytes(record.payload), encode_dead_letter(dead)


def send(servers: str, records: Sequence[Record]) -> None:
    """One after the other, so that what is sent again is behind the first."""
    with closing(KafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)) as producer:
        for topic, key, value, headers in records:
            producer.send(topic, value, key=key, headers=headers).get(30)


@pytest.fixture(scope="module")
def kafka(broker: EmbeddedKafka) -> ClassifierSettings:
    """A broker with one image, results of three, and what must not show: repeats, and what is no document of ours."""
    unnamed = replace(IMAGE, id=new_image_id(), stream=None, name=None, traceparent=None)
    send(
        broker.bootstrap_servers,
        [
            image(IMAGE),
            image(unnamed),
            image(IMAGE),
            (IMAGES, None, b"without a key", []),
            (IMAGES, None, b"without a key", []),
            result(RESULT),
            result(replace(RESULT, classified_at=RESULT.classified_at + 1000)),
            result(SWAPPED),
            result(FAILED),
            (RESULTS, b"x", b"{no JSON", []),
            (RESULTS, b"x", b'{"schema": "another/1", "id": "x", "status": "classified"}', []),
            (RESULTS, b"x", None, []),
            letter(IMAGE, "truncated"),
            letter(IMAGE, "truncated"),
        ],
    )
    return ClassifierSettings(kafka_bootstrap_servers=broker.bootstrap_servers)


@pytest.fixture
def tables(spark: SparkSession, kafka: ClassifierSettings) -> SparkSession:
    """The session with all records of the topics as tables."""
    add_topics(spark, settings=kafka)
    return spark


def asked(spark: SparkSession, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in spark.sql(statement).collect()]


def test_labels_are_counted_as_in_the_first_example(tables: SparkSession) -> None:
    found = asked(tables, "SELECT label, count(*) FROM results GROUP BY label ORDER BY label")
    assert found == [(None, 1), ("0", 1), ("6", 1)]


def test_a_result_has_the_contracts_types(tables: SparkSession) -> None:
    (row,) = tables.sql("SELECT * FROM results WHERE label = '0'").collect()
    assert (row.id, row.status, row.probability) == (RESULT.id, "classified", 0.9)
    assert row.predictions == [Row(index=0, label="0", probability=0.9), Row(index=8, label="8", probability=0.1)]
    assert row.model == Row(name="digits-lenet", version="1")
    assert row.timing_ms == Row(queue=21.0, decode=3.5, inference=14.25)
    assert (row.stream, row.name, row.source, row.error) == ("cam-1", "zero.png", "tcp", None)
    assert (row.precision, row.engine, row.trace_id) == ("f32", "onednn", RESULT.trace_id)
    seconds = tables.sql("SELECT unix_millis(classified_at), unix_millis(accepted_at) FROM results WHERE label = '0'")
    assert tuple(seconds.collect()[0]) == (RESULT.classified_at, RESULT.accepted_at)  # the first, not its repeat


def test_a_failed_one_says_why(tables: SparkSession) -> None:
    (row,) = tables.sql("SELECT * FROM results WHERE status = 'failed'").collect()
    assert row.error == Row(code="truncated", detail="the JPEG has no end marker")
    assert (row.label, row.probability, row.predictions, row.accepted_at) == (None, None, [], None)


def test_an_image_is_shown_once_and_records_without_a_key_are_no_repeats(tables: SparkSession) -> None:
    rows = tables.sql("SELECT * FROM images WHERE id IS NOT NULL ORDER BY name NULLS LAST").collect()
    assert [row.name for row in rows] == ["zero.png", None]
    assert bytes(rows[0].content) == IMAGE.payload
    assert (rows[0].stream, rows[0].source, rows[0].content_type) == ("cam-1", "tcp", "image/png")
    assert (rows[0].trace_id, rows[0].bytes) == ("4bf92f3577b34da6a3ce929d0e0e4736", len(IMAGE.payload))
    assert rows[1].stream is None
    assert asked(tables, "SELECT count(*) FROM images WHERE id IS NULL") == [(2,)]


def test_a_dead_letter_says_why_and_where_whatever_its_sender_wrote(tables: SparkSession) -> None:
    (row,) = tables.sql("SELECT * FROM dead_letters").collect()
    assert (row.id, row.error_code, row.error_detail) == (IMAGE.id, "truncated", "why it could not be")
    assert (row.origin_topic, row.origin_partition, row.origin_offset) == (IMAGES, 2, 4711)
    assert bytes(row.content) == IMAGE.payload


def test_tables_are_joined_by_the_image(tables: SparkSession) -> None:
    found = asked(tables, "SELECT r.label, i.bytes FROM results r JOIN images i USING (id) ORDER BY r.label")
    assert found == [("0", len(IMAGE.payload)), ("6", len(IMAGE.payload))]


def test_a_query_sees_what_came_since_the_last_one(tables: SparkSession, kafka: ClassifierSettings) -> None:
    before = asked(tables, "SELECT count(*) FROM results WHERE stream = 'later'")
    send(kafka.kafka_bootstrap_servers, [result(replace(RESULT, id=new_image_id(), stream="later", predictions=()))])
    assert (before, asked(tables, "SELECT count(*) FROM results WHERE stream = 'later'")) == ([(0,)], [(1,)])


def test_a_span_of_offsets_and_one_of_time(tables: SparkSession, kafka: ClassifierSettings) -> None:
    place, spark = "SELECT partition, offset FROM global_temp.kafka_results", tables
    every = sorted(asked(spark, place))
    partition = every[-1][0]
    add_topics(spark, start=[f"results:{partition}=1"], end=[f"results:{partition}=2"], settings=kafka)
    named = [(number, offset) for number, offset in every if number != partition or offset == 1]
    assert sorted(asked(spark, place)) == named
    add_topics(spark, start=["2999-01-01"], settings=kafka)
    assert asked(spark, "SELECT * FROM results") == []
    add_topics(spark, end=[datetime(2020, 1, 1, tzinfo=UTC).isoformat()], settings=kafka)
    assert asked(spark, "SELECT * FROM images") == []
    add_topics(spark, age="1h", settings=kafka)
    assert sorted(asked(spark, place)) == every


def test_a_broker_that_is_away_is_named(spark: SparkSession) -> None:
    with pytest.raises(ClassifierError, match=r"Kafka at 127\.0\.0\.1:1"):
        add_topics(spark, settings=ClassifierSettings(kafka_bootstrap_servers="127.0.0.1:1"))


def test_frames_become_pictures(tables: SparkSession) -> None:
    photo = encode(Image.new("RGB", (400, 100), "#ff0000"), "PNG")
    frame = tables.createDataFrame([(photo, "red"), (b"no image", None)], "content binary, label string").coalesce(1)
    sheet = contact_sheet(frame, columns=2, size=100)
    assert sheet.size == (2 * 100 + 3 * 8, 100 + 16 + 2 * 8)
    assert [sheet.getpixel(place) for place in ((58, 58), (58, 20), (166, 58))] == [
        (255, 0, 0),  # scaled into its tile,
        (255, 255, 255),  # which it fills in one direction;
        (0xD9, 0xDE, 0xE3),  # the other one is no image
    ]
    assert contact_sheet(frame.limit(0)).size[0] > 0
    pairs = tables.createDataFrame([("7", "7"), ("7", "1"), ("1", None)], "truth string, label string")
    matrix = confusion_matrix(pairs, "truth")
    assert min(matrix.size) >= 400
    assert len(matrix.convert("L").getcolors() or []) > 50


def test_a_program_runs_in_the_shell_and_leaves_its_pictures(kafka: ClassifierSettings, tmp_path: Path) -> None:
    """The example, as its first lines say, in a process of its own."""
    example = Path(__file__).parents[2] / "docs/examples/pictures.py"
    ended = shell(kafka, tmp_path, "--master", "local[2]", str(example), str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert sorted(file.name for file in tmp_path.glob("*.png")) == ["matrix.png", "sheet.png"]


def test_spark_sql_runs_the_example_and_prints_nothing_but_rows(kafka: ClassifierSettings, tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "docs/examples/label_counts.sql"
    ended = shell(kafka, tmp_path, "--master", "local[1]", "-f", str(example))
    assert ended.returncode == 0, ended.stderr
    labelled = [line for line in ended.stdout.splitlines() if not line.startswith("NULL\t")]  # another test's
    assert labelled == ["0\t1\t0.9\t14.3", "6\t1\t0.7\t14.3"]


def shell(settings: ClassifierSettings, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `sightline-shell` says, once it has ended."""
    return subprocess.run(
        [Path(sys.executable).with_name("sightline-shell"), *arguments],
        env={**os.environ, "SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
