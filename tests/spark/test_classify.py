"""Image records through the engine in Spark: the right result for each, whatever it contains."""

import struct
import zlib
from dataclasses import asdict

import pytest
from pyspark.sql import Row, SparkSession

from sightline_contracts.dead_letters import decode_dead_letter
from sightline_contracts.ids import is_image_id, new_image_id
from sightline_contracts.images import ImageRecord, encode_headers
from sightline_contracts.origins import Origin, decode_origin, image_id_from_origin
from sightline_contracts.results import Result, decode_result
from sightline_contracts.topics import DEAD_LETTERS, RESULTS
from sightline_spark.query import EngineOptions, classify, preload
from sightline_spark.settings import ClassifierSettings
from tests.repeats import say_the_same
from tests.spark.conftest import Record, digit_png, encode, image_frame, photo

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")]  # PySpark's

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def record_of(payload: bytes, model: str | None = None, name: str | None = None) -> tuple[str, Record]:
    image = ImageRecord(
        new_image_id(), payload, "image/png", "http", 1_795_323_600_123, "cam-1", name, model, traceparent=TRACE
    )
    return image.id, (image.id.encode(), payload, encode_headers(image))


def run(spark: SparkSession, settings: ClassifierSettings, records: list[Record]) -> list[Row]:
    return classify(image_frame(spark, records), EngineOptions.of(settings)).collect()


def results_of(rows: list[Row]) -> list[Result]:
    return [decode_result(bytes(row.value)) for row in rows if row.topic == RESULTS]


def bomb() -> bytes:
    """A PNG of a few bytes whose header says 20,000 x 20,000 pixels, all checksums right."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


JPEG = encode(photo(200, 150), "JPEG")
PNG = encode(photo(60, 40), "PNG")
BAD: dict[str, tuple[bytes, str | None]] = {
    "empty": (b"", None),
    "unsupported-type": (b"these are not the bytes of an image", None),
    "truncated": (JPEG[: len(JPEG) * 2 // 3], None),
    "corrupt": (PNG[:-30] + bytes([PNG[-30] ^ 1]) + PNG[-29:], None),
    "too-many-pixels": (bomb(), None),
    "too-large": (JPEG + bytes(10 * 1024 * 1024 + 60 * 1024), None),
    "unknown-model": (PNG, "no-such-model"),
}


def test_digits_get_their_labels(spark: SparkSession, settings: ClassifierSettings) -> None:
    digits = [digit_png(index) for index in range(40)]
    sent = [record_of(payload, name=f"{index}.png") for index, (payload, _) in enumerate(digits)]

    rows = run(spark, settings, [record for _, record in sent])

    results = results_of(rows)
    assert [result.id for result in results] == [image for image, _ in sent]
    assert len(rows) == len(results) == 40
    hits = sum(result.predictions[0].label == str(label) for result, (_, label) in zip(results, digits, strict=True))
    assert hits >= 36  # a clean digit is told with at least 97 %
    first = results[0]
    assert first.status == "classified"
    assert (first.model.name, first.stream, first.name, first.source) == ("digits-lenet", "cam-1", "0.png", "http")
    assert (first.accepted_at, first.trace_id) == (1_795_323_600_123, "4bf92f3577b34da6a3ce929d0e0e4736")
    assert len(first.predictions) == 5
    assert first.predictions[0].probability >= first.predictions[1].probability
    headers = [(header.key, bytes(header.value)) for header in rows[0].headers]
    assert decode_origin(headers) == Origin("images", 0, 0)
    assert headers[3:] == [("traceparent", TRACE.encode())]
    assert bytes(rows[0].key).decode() == first.id


@pytest.mark.parametrize("code", BAD)
def test_a_bad_image_fails_alone(code: str, spark: SparkSession, settings: ClassifierSettings) -> None:
    good, label = digit_png(3)
    before, bad, after = record_of(good), record_of(*BAD[code], name="bad"), record_of(good)

    rows = run(spark, settings, [before[1], bad[1], after[1]])

    results = results_of(rows)
    assert [result.status for result in results] == ["classified", "failed", "classified"]
    failed = results[1]
    assert failed.id == bad[0]
    assert failed.error is not None
    assert failed.error.code == code
    assert failed.predictions == ()
    assert results[0].predictions == results[2].predictions
    assert results[0].predictions[0].label == str(label)
    (letter,) = [row for row in rows if row.topic == DEAD_LETTERS]
    reason = decode_dead_letter((header.key, bytes(header.value)) for header in letter.headers)
    assert (reason.error_code, reason.origin_topic, reason.origin_offset) == (code, "images", 1)
    assert reason.headers == tuple(bad[1][2] or ())
    assert bytes(letter.key) == bad[1][0]
    if code == "too-large":  # with its reasons it is beyond what its topic takes
        assert letter.value is None
    else:
        assert bytes(letter.value) == bad[1][1]


@pytest.mark.parametrize("progressive", [False, True])  # one scan, many scans
def test_a_cut_jpeg_is_truncated(progressive: bool, spark: SparkSession, settings: ClassifierSettings) -> None:
    whole = encode(photo(64, 48), "JPEG", progressive=progressive)
    cuts = range(3, len(whole), 37)

    results = results_of(run(spark, settings, [record_of(whole[:cut])[1] for cut in cuts]))

    assert {result.error.code for result in results if result.error} == {"truncated"}
    assert len(results) == len(cuts)


def test_a_record_of_a_foreign_producer_is_classified(spark: SparkSession, settings: ClassifierSettings) -> None:
    """`kcat -P -t images photo.jpg` sends neither key nor headers."""
    payload, label = digit_png(5)

    first, second = results_of(run(spark, settings, [(None, payload, None), (b"my key", payload, [("x", b"\xff")])]))

    assert first.predictions[0].label == second.predictions[0].label == str(label)
    assert is_image_id(first.id)
    places = [Origin("images", 0, offset) for offset in (0, 1)]
    assert [first.id, second.id] == [image_id_from_origin(place) for place in places]
    assert first.accepted_at is None


def test_a_version_can_be_asked_for(spark: SparkSession, settings: ClassifierSettings) -> None:
    payload, _ = digit_png(5)
    records = [record_of(payload, model=name)[1] for name in ("digits-lenet@1", "digits-lenet@99", "../models@1")]

    found, missing, odd = results_of(run(spark, settings, records))

    assert found.model.version == "1"
    assert missing.error is not None
    assert missing.error.code == "unknown-model"
    assert (missing.model.name, missing.model.version) == ("digits-lenet@99", None)
    assert odd.error is not None
    assert odd.error.code == "unknown-model"


def test_the_same_image_gets_the_same_predictions_in_any_company(
    spark: SparkSession, settings: ClassifierSettings
) -> None:
    """A replayed batch is cut differently, and its results must not differ."""
    digits = [record_of(digit_png(index)[0])[1] for index in range(19)]

    together = results_of(run(spark, settings, digits))
    alone = [results_of(run(spark, settings, [digit]))[0] for digit in digits[:3]]

    for shared, single in zip(together[:3], alone, strict=True):
        assert say_the_same([asdict(shared), asdict(single)])


def test_preload_names_the_model(spark: SparkSession, settings: ClassifierSettings) -> None:
    assert preload(spark, EngineOptions.of(settings)) == "digits-lenet@1"
