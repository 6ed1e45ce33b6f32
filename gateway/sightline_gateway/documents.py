"""The JSON documents of the API: as models for OpenAPI, and built as bytes because results are stored that way."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Literal

from pydantic import BaseModel, Field

from sightline_gateway.view.listing import PageKey

_ID = "019f0c0e-5b1c-7aaa-8000-3c1f5a2b7c9d"


class Document(BaseModel):
    """Base of the documents; they are only described here, never parsed."""


class Problem(Document):
    """RFC 9457 problem document, `application/problem+json`."""

    type: str = Field(examples=["/problems/too-large"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["too-large"], description="stable; programs look at this")
    instance: str | None = None


class Prediction(Document):
    """One label with its probability."""

    index: int = Field(examples=[698], description="the model's class number, from 0")
    label: str = Field(examples=["palace"])
    probability: float = Field(examples=[0.31], ge=0, le=1)


class ModelRef(Document):
    """The model that was asked for; the version is null when it could not be found."""

    name: str = Field(examples=["efficientnet-lite0"])
    version: str | None = Field(examples=["1"])


class Timing(Document):
    """Milliseconds."""

    queue: float
    decode: float
    inference: float


class Reason(Document):
    """Why an image failed or was rejected."""

    code: str = Field(examples=["truncated"])
    detail: str


class Result(Document):
    """What became of an image. Times are Unix ms; predictions are the most probable first."""

    schema_: Literal["sightline.result/1"] = Field(alias="schema")
    id: str = Field(examples=[_ID])
    status: Literal["classified", "failed"]
    model: ModelRef
    precision: str | None = Field(
        None, examples=["f32"], description="f32, bf16 or int8; null: no such model, or an older classifier's result"
    )
    engine: str | None = Field(None, examples=["onednn"], description="onednn or bigdl; null as precision")
    predictions: list[Prediction]
    stream: str | None
    name: str | None = Field(examples=["china.jpg"])
    source: str | None = Field(examples=["http"])
    trace_id: str | None = Field(
        None, examples=["0af7651916cd43dd8448eb211c80319c"], description="the trace that the image belongs to, if any"
    )
    accepted_at: int | None
    classified_at: int
    timing_ms: Timing
    error: Reason | None


class Pending(Document):
    """An accepted image without a result yet."""

    id: str = Field(examples=[_ID])
    status: Literal["pending"]
    name: str | None = Field(examples=["china.jpg"])


class Rejected(Document):
    """A file of a multipart request that was not accepted."""

    name: str | None
    status: Literal["rejected"]
    error: Reason


class Images(Document):
    """The files of a multipart request, in order."""

    images: list[Result | Pending | Rejected]


class ResultPage(Document):
    """Results, newest first; `next` is the cursor of the next page, null on the last."""

    images: list[Result]
    next: str | None


class Model(Document):
    """An installed model bundle; `labels` is how many it knows, `input` how images are prepared for it."""

    name: str = Field(examples=["digits-lenet"])
    version: str = Field(examples=["1"])
    labels: int = Field(examples=[10])
    input: dict[str, Any]
    licence: str
    origin: str
    metrics: dict[str, Any]
    default: bool


class Models(Document):
    """The installed models."""

    models: list[Model]


class Check(Document):
    """One dependency."""

    ok: bool
    reason: str


class Readiness(Document):
    """Whether every dependency can be used."""

    ready: bool
    checks: dict[str, Check]


def pending(image_id: str, name: str | None) -> dict[str, Any]:
    """The document of an image that has no result yet."""
    return {"id": image_id, "status": "pending", "name": name}


def rejected(name: str | None, code: str, detail: str) -> dict[str, Any]:
    """The document of a file that was not accepted."""
    return {"name": name, "status": "rejected", "error": {"code": code, "detail": detail}}


def encode(document: object) -> bytes:
    """`document` as compact JSON in UTF-8."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def page(documents: list[bytes], key: PageKey | None) -> bytes:
    """The listing of stored result documents."""
    return b'{"images":[%s],"next":%s}' % (b",".join(documents), encode(cursor(key)))


def cursor(key: PageKey | None) -> str | None:
    """The cursor that stands for `key`; opaque to clients and the same on every replica."""
    if key is None:
        return None
    return urlsafe_b64encode(encode([key.classified_at, key.id, key.model])).decode().rstrip("=")


def parse_cursor(text: str) -> PageKey:
    """The key of a cursor.

    Raises:
        ValueError: it is not one of ours.
    """
    try:
        parsed = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except RecursionError as error:
        raise ValueError("not a cursor") from error
    match parsed:
        case [int(classified_at), str(image_id), str(model)] if abs(classified_at) < 1 << 63:
            for part in (image_id, model):
                part.encode()  # a lone surrogate is valid JSON, but no text for SQLite
            return PageKey(classified_at, image_id, model)
    raise ValueError("not a cursor")


def cut(document: bytes, top: int | None) -> bytes:
    """A result document with its `top` most probable predictions; None leaves all."""
    if top is None:
        return document
    result = json.loads(document)
    result["predictions"] = result["predictions"][:top]
    return encode(result)
