"""What can go wrong with a request: a stable code each, with its status, its title and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from sightline_common.management import Readiness, readiness_document
from sightline_gateway.body import BodyTooLarge, BodyTooSlow


@dataclass(frozen=True, slots=True)
class Kind:
    """What all problems of one code share; `advice` is what the page behind the type URL tells people."""

    status: HTTPStatus
    title: str
    advice: str


_UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY
_UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE

KINDS: Final[Mapping[str, Kind]] = {
    "bad-request": Kind(
        HTTPStatus.BAD_REQUEST,
        "The request is malformed",
        "The detail names the parameter, header or part that is not valid. Repeating the same request cannot succeed.",
    ),
    "unauthorized": Kind(
        HTTPStatus.UNAUTHORIZED,
        "A key is needed",
        "Send an API key as `Authorization: Bearer KEY` or `X-API-Key: KEY`; operators make them with sightline-key. "
        "Where the gateway trusts an OpenID Connect provider, a token of its takes the key's place.",
    ),
    "forbidden": Kind(
        HTTPStatus.FORBIDDEN,
        "The key may not do this",
        "`scope` names what the key or token lacks. Ask the operator for one that has it.",
    ),
    "not-found": Kind(
        HTTPStatus.NOT_FOUND,
        "Nothing here",
        "There is no such path, or nothing is known of an image with this id. With Retry-After, another replica may "
        "have accepted it: its result will be known here too.",
    ),
    "expired": Kind(
        HTTPStatus.GONE,
        "No longer kept",
        "The id is older than the results that are kept. Send the image again to have it classified again.",
    ),
    "image-gone": Kind(
        HTTPStatus.GONE,
        "The image is no longer kept",
        "Kafka keeps images for a shorter time than their results: a day, unless the operator changed the topic.",
    ),
    "no-thumbnail": Kind(
        HTTPStatus.NOT_FOUND,
        "No thumbnail",
        "The image is kept but cannot be scaled down: it is damaged, no image that we take, or too large. The path "
        "that ends in /original has it as it was sent.",
    ),
    "method-not-allowed": Kind(
        HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed", "The path exists; the Allow header lists its methods."
    ),
    "timeout": Kind(
        HTTPStatus.REQUEST_TIMEOUT,
        "The request arrived too slowly",
        "Nothing was accepted. Send it without pauses; on a slow line, scale the image down first.",
    ),
    "too-large": Kind(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The upload is too large",
        "The detail gives the limit. Scale the image down, or have the operator raise SIGHTLINE_MAX_IMAGE_BYTES.",
    ),
    "unsupported-type": Kind(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Not an image type we take",
        "Send JPEG, PNG, WebP, GIF or BMP, with its own Content-Type, application/octet-stream or none.",
    ),
    "empty": Kind(_UNPROCESSABLE, "The body is empty", "Send the image's bytes as the request body."),
    "truncated": Kind(
        _UNPROCESSABLE, "The image is cut off", "The file ends before the image does: copy or download it again."
    ),
    "corrupt": Kind(_UNPROCESSABLE, "The image is damaged", "Headers or checksums of the file are wrong."),
    "too-many-pixels": Kind(
        _UNPROCESSABLE, "The image has too many pixels", "Scale it down; the detail gives its size and the limit."
    ),
    "key-reused": Kind(
        _UNPROCESSABLE,
        "The Idempotency-Key belongs to another image",
        "Other bytes were sent under it before, and `image` is their id. Use a new key for each image, the same "
        "one only to send an image again.",
    ),
    "rejected": Kind(
        _UNPROCESSABLE, "No file was accepted", "Every file was rejected; `images` gives each one's reason."
    ),
    "rate-limited": Kind(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many calls",
        "Nothing was accepted. Retry after the seconds that Retry-After gives; RateLimit headers tell what is left.",
    ),
    "kafka-unavailable": Kind(
        _UNAVAILABLE,
        "Kafka cannot be reached",
        "Nothing was accepted. The gateway reconnects by itself: retry after the seconds that Retry-After gives.",
    ),
    "overloaded": Kind(
        _UNAVAILABLE,
        "Too much is in flight",
        "Nothing was accepted. The gateway bounds its memory: retry after the seconds that Retry-After gives.",
    ),
    "delivery-unknown": Kind(
        _UNAVAILABLE,
        "Kafka did not confirm in time",
        "The image may or may not be accepted. A retry with the same Idempotency-Key is safe: it gives the same id.",
    ),
    "stopping": Kind(
        _UNAVAILABLE, "The gateway is stopping", "Nothing was accepted. Retry: it or another instance will answer."
    ),
    "not-ready": Kind(
        _UNAVAILABLE,
        "Not ready",
        "Something that the gateway needs is missing: the detail says what and why, `checks` has each dependency.",
    ),
    "classification-failed": Kind(
        HTTPStatus.BAD_GATEWAY,
        "The image could not be classified",
        "It was accepted, and the classifier failed on it: the detail says why, its log and the dead letter say more.",
    ),
    "no-result-yet": Kind(
        HTTPStatus.GATEWAY_TIMEOUT,
        "No result in time",
        "The image is accepted; its result will be at /v1/images/ and the id that the member `image` gives. A retry "
        "with the same Idempotency-Key waits on and classifies nothing twice.",
    ),
    "internal": Kind(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal error",
        "A fault of the gateway; its log has the cause. Retry once, then tell the operator.",
    ),
}  # fmt: skip


class Problem(Exception):
    """A request that cannot be answered as asked; `code` is a key of KINDS, `members` extend the document.

    `headers` go with the answer.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.members = members or {}
        self.headers = headers or {}

    @property
    def kind(self) -> Kind:
        """Status, title and advice of the code."""
        return KINDS[self.code]


def body_problem(error: Exception, limit: int, declared: int | None) -> Problem:
    """The problem of a body that could not be read; `limit` and `declared` in bytes."""
    match error:
        case BodyTooLarge():
            said = "" if declared is None else f"{declared} bytes are declared, "
            return Problem("too-large", f"{said}the limit is {limit} bytes")
        case BodyTooSlow():
            return Problem("timeout", "the body did not arrive in time")
    return Problem("stopping", "the gateway is stopping")


def require_ready(checks: Mapping[str, Readiness]) -> None:
    """Return when every dependency can be used.

    Raises:
        Problem: one cannot; the detail says which and why, `checks` has all of them.
    """
    failing = {name: check.reason for name, check in checks.items() if not check.ok}
    if failing:
        detail = "; ".join(f"{name}: {reason}" for name, reason in failing.items())
        raise Problem("not-ready", detail, members=readiness_document(checks)[1])


def problem_document(problem: Problem, instance: str | None) -> dict[str, Any]:
    """The RFC 9457 document; `instance` is the path of the request, None inside a list."""
    document: dict[str, Any] = {
        "type": f"/problems/{problem.code}",
        "title": problem.kind.title,
        "status": int(problem.kind.status),
        "detail": problem.detail,
        "code": problem.code,
    }
    return {**document, **({"instance": instance} if instance else {}), **problem.members}
