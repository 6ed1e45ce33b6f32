"""The gateway's answers as values."""

from dataclasses import dataclass
from typing import Any, Literal

from sightline_client.errors import UnexpectedAnswer

Status = Literal["classified", "failed"]


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
    """Milliseconds: waiting in Kafka, decoding, and the image's share of the forward pass."""

    queue: float
    decode: float
    inference: float


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """Why an image could not be classified: a stable code and a sentence."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an image. Times are Unix ms; `predictions` are the most probable first, empty when it failed."""

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
    precision: str | None
    engine: str | None
    trace_id: str | None

    @property
    def best(self) -> Prediction | None:
        """The most probable label; None when the image failed, and `error` says why."""
        return self.predictions[0] if self.predictions else None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An image that Kafka has; `result` is there when it was waited for and came in time."""

    id: str
    result: Result | None


def parse_result(document: Any) -> Result:
    """The result in a decoded JSON document; fields that later versions add are ignored.

    Raises:
        UnexpectedAnswer: it is none.
    """
    try:
        if document["schema"] != "sightline.result/1":
            raise UnexpectedAnswer(f"a result of another schema: {document['schema']!r}")
        model, timing, error = document["model"], document["timing_ms"], document["error"]
        return Result(
            id=document["id"],
            status=_status(document["status"]),
            model=ModelRef(model["name"], model["version"]),
            predictions=tuple(Prediction(p["index"], p["label"], p["probability"]) for p in document["predictions"]),
            stream=document["stream"],
            name=document["name"],
            source=document["source"],
            accepted_at=document["accepted_at"],
            classified_at=document["classified_at"],
            timing_ms=Timing(timing["queue"], timing["decode"], timing["inference"]),
            error=None if error is None else ErrorInfo(error["code"], error["detail"]),
            precision=document.get("precision"),
            engine=document.get("engine"),
            trace_id=document.get("trace_id"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise UnexpectedAnswer(f"not a result document: {error!r}") from error


def _status(text: object) -> Status:
    match text:
        case "classified" | "failed":
            return text
    raise UnexpectedAnswer(f"status is neither classified nor failed: {text!r}")
