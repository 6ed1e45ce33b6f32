"""One request of the protocol: its images through the same door as uploads, its results all or none."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sightline_gateway.inference.tensors import Inference
from sightline_gateway.parameters import MAX_WAIT_S, SenderHeaders
from sightline_gateway.problems import Problem
from sightline_gateway.uploads import Reservation, Upload, Uploads

# What the classifier may say of an image that was good enough to be taken: the sender's fault, as at the upload.
_SENDERS_FAULT: Final = frozenset({"empty", "unsupported-type", "truncated", "corrupt", "too-many-pixels", "too-large"})


@dataclass(frozen=True, slots=True)
class Batch:
    """What the images of one request share. `model` is `name` or `name@version`; the rest is as in `Upload`."""

    model: str
    caller: str
    headers: SenderHeaders
    started: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Which image of the request waits, for how many seconds in all, and until what time of the loop."""

    index: int
    seconds: float
    until: float


async def classify(uploads: Uploads, batch: Batch, inference: Inference, body: Reservation) -> list[dict[str, Any]]:
    """The result documents of all images, in order. `body` is given back once each image holds its own bytes.

    Raises:
        Problem: an image was refused or failed, or has no result in time. The others may be accepted nevertheless: a
            retry with the same Idempotency-Key does not classify them twice.
    """
    wait_s = min(inference.timeout_s or MAX_WAIT_S, MAX_WAIT_S)
    wait_until = asyncio.get_running_loop().time() + wait_s
    claims = _claim(uploads, inference.images)
    body.release()
    images = [_upload(batch, index, data) for index, data in enumerate(inference.images)]
    inference.images.clear()  # each upload lets go of its own once Kafka has it
    # The first failure is the answer at once. The others' images go their way: they are not called back from Kafka.
    return await asyncio.gather(
        *(
            _classify(uploads, image, claim, Wait(index, wait_s, wait_until))
            for index, (image, claim) in enumerate(zip(images, claims, strict=True))
        )
    )


async def _classify(uploads: Uploads, upload: Upload, claim: Reservation, wait: Wait) -> dict[str, Any]:
    try:
        accepted = await uploads.accept(upload, claim, wait.until)
    except Problem as problem:
        raise Problem(problem.code, f"image {wait.index}: {problem.detail}", members=problem.members) from problem
    if accepted.document is None:
        detail = f"image {wait.index} has no result after {wait.seconds:g} s"
        raise Problem("no-result-yet", detail, members={"image": accepted.id})
    result: dict[str, Any] = json.loads(accepted.document)
    if (error := result["error"]) is not None:
        code = error["code"] if error["code"] in _SENDERS_FAULT else "classification-failed"
        detail = f"image {wait.index}: {error['code']}: {error['detail']}"
        raise Problem(code, detail, members={"image": accepted.id})
    return result


def _claim(uploads: Uploads, images: Sequence[bytes]) -> list[Reservation]:
    claims = [uploads.reserve() for _ in images]
    try:
        for claim, data in zip(claims, images, strict=True):
            uploads.hold(claim, len(data))
    except Problem:
        for claim in claims:
            claim.release()
        raise
    return claims


def _upload(batch: Batch, index: int, data: bytes) -> Upload:
    return Upload(
        key=batch.headers.key_of(index),
        caller=batch.caller,
        data=data,
        declared_type=None,
        name=None,
        stream=None,
        model=batch.model,
        traceparent=batch.headers.trace,
        started=batch.started,
    )
