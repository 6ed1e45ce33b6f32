"""Encoding and decoding of the records, held against the schemas."""

import hashlib
import json
from dataclasses import replace
from importlib.resources import files
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from sightline_contracts.dead_letters import DeadLetter, decode_dead_letter, encode_dead_letter
from sightline_contracts.errors import ContractError
from sightline_contracts.headers import KafkaHeaders
from sightline_contracts.ids import (
    image_id_from_checksum,
    image_id_from_key,
    is_image_id,
    is_issued,
    key_part,
    new_image_id,
)
from sightline_contracts.images import ImageRecord, decode_record, encode_headers, partition_for
from sightline_contracts.origins import Origin, decode_origin, encode_origin, image_id_from_origin
from sightline_contracts.results import decode_result, encode_result
from sightline_contracts.traces import is_traceparent, trace_id_of

RECORD = ImageRecord(new_image_id(), b"bytes", "image/png", "tcp", 1795323600123, stream="camera-7", name="grün.png")


def _validator(schema: str) -> Any:
    text = files("sightline_contracts").joinpath(f"schemas/{schema}.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def _key(record: ImageRecord) -> bytes:
    return record.id.encode()


def _without(headers: KafkaHeaders, name: str) -> KafkaHeaders:
    return [(key, value) for key, value in headers if key != name]


def test_an_image_record_survives_the_way_and_follows_its_schema() -> None:
    headers = encode_headers(RECORD)
    assert decode_record(_key(RECORD), bytes(RECORD.payload), headers) == RECORD
    _validator("image-headers").validate({name: value.decode() for name, value in headers})


@pytest.mark.parametrize("name", ["content-type", "source", "accepted-at"])
def test_a_missing_header_is_named(name: str) -> None:
    with pytest.raises(ContractError, match=name):
        decode_record(_key(RECORD), b"", _without(encode_headers(RECORD), name))


@pytest.mark.parametrize(
    ("header", "value"),
    [("source", b"fax"), ("accepted-at", b"-1"), ("accepted-at", "٣".encode()), ("name", b"\xff\xfe")],
)
def test_a_malformed_header_is_named(header: str, value: bytes) -> None:
    with pytest.raises(ContractError, match=header):
        decode_record(_key(RECORD), b"", [*_without(encode_headers(RECORD), header), (header, value)])


@pytest.mark.parametrize(
    "trace", ["x", f"00-{'0' * 32}-{'1' * 16}-01", f"00-{'1' * 32}-{'0' * 16}-01", f"ff-{'1' * 32}-{'1' * 16}-01"]
)
def test_a_malformed_trace_is_against_the_schemas_and_ignored(trace: str) -> None:
    """The schemas once allowed what no reader takes for a trace."""
    headers = [*_without(encode_headers(RECORD), "traceparent"), ("traceparent", trace.encode())]
    assert decode_record(_key(RECORD), b"", headers).traceparent is None
    for schema in ("image-headers", "result-headers"):
        errors = _validator(schema).iter_errors({name: value.decode() for name, value in headers})
        assert [list(error.path) for error in errors] == [["traceparent"]]


@pytest.mark.parametrize("key", [None, b"", b"42", b"\xff", RECORD.id.upper().encode()])
def test_a_key_that_is_no_image_id_is_refused(key: bytes | None) -> None:
    with pytest.raises(ContractError, match="not an image id"):
        decode_record(key, b"", encode_headers(RECORD))


def test_a_dead_letter_keeps_the_original_headers_whatever_they_were() -> None:
    original = (("content-type", b"image/png"), ("junk", b"\xff"), ("empty", b""))
    letter = DeadLetter("corrupt", "the checksum is wrong", "images", 3, 4711, original)
    headers = encode_dead_letter(letter)
    assert decode_dead_letter(headers) == letter
    _validator("dead-letter-headers").validate({k: v.decode(errors="replace") for k, v in headers})


@pytest.mark.parametrize("example", ["classified", "failed"])
def test_a_result_survives_the_way_and_follows_its_schema(example: str) -> None:
    text = files("sightline_contracts").joinpath(f"examples/result/{example}.json").read_bytes()
    result = decode_result(text)
    assert decode_result(encode_result(result)) == result
    assert json.loads(encode_result(result)) == json.loads(text)
    _validator("result").validate(json.loads(encode_result(replace(result, name=None))))


@pytest.mark.parametrize("value", [None, b"", b"[]", b"null", b"{", b'{"schema":"sightline.result/2"}', b"\xff"])
def test_what_is_no_result_is_refused(value: bytes | None) -> None:
    with pytest.raises(ContractError):
        decode_result(value)


@pytest.mark.parametrize("field", ["id", "status", "model", "predictions", "timing_ms", "error", "classified_at"])
def test_a_result_without_a_field_is_refused(field: str) -> None:
    document = json.loads(files("sightline_contracts").joinpath("examples/result/classified.json").read_bytes())
    del document[field]
    with pytest.raises(ContractError):
        decode_result(json.dumps(document).encode())


def test_a_result_of_a_classifier_that_did_not_name_its_precision_is_read() -> None:
    document = json.loads(files("sightline_contracts").joinpath("examples/result/classified.json").read_bytes())
    named = decode_result(json.dumps(document).encode())
    del document["precision"], document["engine"]
    _validator("result").validate(document)
    old = decode_result(json.dumps(document).encode())
    assert (named.precision, named.engine) == ("f32", "onednn")
    assert old == replace(named, precision=None, engine=None)
    _validator("result").validate(json.loads(encode_result(old)))


def test_a_result_names_its_trace_and_one_of_an_older_classifier_has_none() -> None:
    document = json.loads(files("sightline_contracts").joinpath("examples/result/classified.json").read_bytes())
    assert decode_result(json.dumps(document).encode()).trace_id == "0af7651916cd43dd8448eb211c80319c"
    del document["trace_id"]
    _validator("result").validate(document)
    assert decode_result(json.dumps(document).encode()).trace_id is None


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n",
    ],
)
def test_a_malformed_trace_context_is_none(text: str | None) -> None:
    assert trace_id_of(text) is None
    assert text is None or not is_traceparent(text)


def test_a_trace_context_tells_its_trace() -> None:
    text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
    assert is_traceparent(text)
    assert trace_id_of(text) == "0af7651916cd43dd8448eb211c80319c"


def test_new_ids_are_ids_in_time_order() -> None:
    ids = [new_image_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert ids == sorted(ids)
    assert all(map(is_image_id, ids))
    assert all(map(is_issued, ids))


def test_the_check_digits_are_those_that_the_wire_formats_describe() -> None:
    """Ids that are under way at an upgrade, and other programs' ids, hang on the rule: it cannot change."""
    assert is_issued("01a201e1-85a7-72c0-9b6a-44fe8b7ab477")


@given(st.uuids())
def test_an_id_that_nobody_issued_is_told_from_one_that_was(made_up: UUID) -> None:
    assert not is_issued(str(made_up))
    assert not is_issued(str(UUID(int=made_up.int & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)))


@given(st.integers(0, 35), st.sampled_from("0123456789abcdef-"))
def test_an_issued_id_with_a_wrong_digit_was_not_issued(place: int, digit: str) -> None:
    issued = new_image_id()
    mistyped = issued[:place] + digit + issued[place + 1 :]
    assert is_issued(mistyped) == (mistyped == issued)


@given(st.text(), st.binary())
def test_what_is_no_id_and_what_follows_from_a_key_was_not_issued(text: str, payload: bytes) -> None:
    assert not is_issued(text)
    assert not is_issued(new_image_id().upper())
    assert not is_issued(image_id_from_key("http", text, payload))


@given(st.text(), st.text(), st.binary())
def test_an_id_from_a_key_is_an_id_and_always_the_same(namespace: str, key: str, payload: bytes) -> None:
    image_id = image_id_from_key(namespace, key, payload)
    assert is_image_id(image_id)
    assert image_id == image_id_from_key(namespace, key, payload)


@given(st.text(), st.text(), st.binary())
def test_an_id_tells_another_key_from_other_bytes(namespace: str, key: str, payload: bytes) -> None:
    image_id = image_id_from_key(namespace, key, payload)
    other_bytes = image_id_from_key(namespace, key, payload + b"x")
    assert other_bytes != image_id
    assert key_part(other_bytes) == key_part(image_id)
    assert key_part(image_id_from_key(namespace, key + "x", payload)) != key_part(image_id)


@given(st.text(), st.text(), st.integers(0, 2**32 - 1))
def test_an_id_from_a_checksum_ends_in_it_and_begins_as_the_keys(namespace: str, key: str, checksum: int) -> None:
    image_id = image_id_from_checksum(namespace, key, checksum)
    assert is_image_id(image_id)
    assert not is_issued(image_id)
    assert image_id.endswith(f"-0000{checksum:08x}")
    assert key_part(image_id) == key_part(image_id_from_key(namespace, key, b""))
    assert key_part(image_id_from_checksum(namespace, key + "x", checksum)) != key_part(image_id)


def test_namespaces_do_not_run_into_keys() -> None:
    assert key_part(image_id_from_key("http", "x", b"")) != key_part(image_id_from_key("htt", "px", b""))


@given(st.text(min_size=1), st.integers(1, 64))
def test_a_stream_has_one_partition(stream: str, partitions: int) -> None:
    partition = partition_for(stream, partitions)
    assert partition is not None
    assert 0 <= partition < partitions
    assert partition == partition_for(stream, partitions)


def test_without_a_stream_the_key_decides() -> None:
    assert partition_for(None, 4) is None


@given(st.from_regex(r"[A-Za-z0-9._-]+", fullmatch=True), st.integers(0, 10**9 - 1), st.integers(0, 10**18 - 1))
def test_an_origin_is_read_as_it_was_written(topic: str, partition: int, offset: int) -> None:
    origin = Origin(topic, partition, offset)
    assert decode_origin([("traceparent", b"x"), *encode_origin(origin)]) == origin
    _validator("result-headers").validate({name: value.decode() for name, value in encode_origin(origin)})


@given(st.lists(st.tuples(st.sampled_from(["origin-topic", "origin-partition", "origin-offset"]), st.binary())))
def test_headers_of_strangers_are_an_origin_or_none(headers: list[tuple[str, bytes]]) -> None:
    """A result counts whatever its headers are, and its numbers must fit where they are stored."""
    origin = decode_origin(headers)
    assert origin is None or (0 <= origin.partition < 2**31 and 0 <= origin.offset < 2**63)


@pytest.mark.parametrize("offset", [b"-1", b"1e3", b"9" * 19, b"9" * 5000, b"\xd9\xa3", b"", b"1 "])
def test_an_offset_that_is_none_is_no_origin(offset: bytes) -> None:
    assert decode_origin([("origin-topic", b"images"), ("origin-partition", b"0"), ("origin-offset", offset)]) is None


def test_an_image_without_a_key_has_the_id_that_java_gives_it() -> None:
    """UUID.nameUUIDFromBytes("images/0/5")."""
    digest = hashlib.md5(b"images/0/5", usedforsecurity=False).hexdigest()
    image_id = image_id_from_origin(Origin("images", 0, 5))
    assert is_image_id(image_id)
    assert image_id[14] == "3"
    assert image_id.replace("-", "")[:12] == digest[:12]
