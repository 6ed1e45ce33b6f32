"""The result record: topic `results`, key = image id, value = one JSON document (schemas/result.json)."""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, cast

from sightline_contracts.errors import ContractError

SCHEMA: Final = "sightline.result/1"
Status = Literal["classified", "failed"]
ERROR_CODES: Final = (
    "empty",
    "unsupported-type",
    "truncated",
    "corrupt",
    "too-many-pixels",
    "too-large",
    "unknown-model",
    "model-unavailable",
    "internal",
)


@dataclass(frozen=True, slots=True)
class Prediction:
    """One label with its probability (0 to 1); `index` is the model's class number from 0."""

    index: int
    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class ModelRef:
    """The model that was asked for; `version` is None when it could not be found."""

    name: str
    version: str | None


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds: in Kafka until taken up, decoding and resizing, and the image's share of its batch's forward."""

    queue: float
    decode: float
    inference: float


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """Why an image failed: one of ERROR_CODES (later versions may add some) and a sentence."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one image. Times are Unix ms; `predictions` are the most probable first, empty when it failed.

    `precision` is how the model computes (f32, bf16 or int8), `engine` what runs it (onednn or bigdl); later versions
    may add some of both. None when the model could not be found, and in results of classifiers that did not say.
    `trace_id` is the trace that the image came with or was given, 32 hexadecimal digits.
    """

    id: str
    status: Status
    model: ModelRef
    predictions: tuple[Prediction, ...]
    stream: str | None
    name: str | None
    source: str | None
    accepted_at: int | None
    classified_at: int
    timing_ms: Timing
    error: ErrorInfo | None
    precision: str | None = None
    engine: str | None = None
    trace_id: str | None = None


def encode_result(result: Result) -> bytes:
    """The JSON document of `result`, UTF-8, every field present."""
    return json.dumps({"schema": SCHEMA, **asdict(result)}, separators=(",", ":"), ensure_ascii=False).encode()


def decode_result(value: bytes | None) -> Result:
    """The result in a record's value; fields that later versions add are ignored.

    Raises:
        ContractError: it is not JSON, of another schema, or lacks a field.
    """
    try:
        document = json.loads(value or b"")
        if document.get("schema") != SCHEMA:
            raise ContractError(f"not a {SCHEMA} document: schema is {document.get('schema')!r}")
        return _result(document)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        if isinstance(error, ContractError):
            raise
        raise ContractError(f"not a {SCHEMA} document: {error!r}") from error


def _result(document: dict[str, Any]) -> Result:
    if document["status"] not in ("classified", "failed"):
        raise ContractError(f"status is neither classified nor failed: {document['status']!r}")
    model, timing, error = document["model"], document["timing_ms"], document["error"]
    return Result(
        id=document["id"],
        status=cast("Status", document["status"]),
        model=ModelRef(model["name"], model["version"]),
        predictions=tuple(Prediction(p["index"], p["label"], p["probability"]) for p in document["predictions"]),
        stream=document["stream"],
        name=document["name"],
        source=document["source"],
        accepted_at=None if document["accepted_at"] is None else _number(document["accepted_at"]),
        classified_at=_number(document["classified_at"]),
        timing_ms=Timing(_number(timing["queue"]), _number(timing["decode"]), _number(timing["inference"])),
        error=None if error is None else ErrorInfo(error["code"], error["detail"]),
        precision=document.get("precision"),
        engine=document.get("engine"),
        trace_id=document.get("trace_id"),
    )


def _number(value: Any) -> Any:
    """`value` as it is: what is computed with (ages, histograms) must be a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ContractError(f"not a finite number: {value!r}")
    return value
