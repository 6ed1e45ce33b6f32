"""What a request may say besides its body: checked, with the offending parameter named."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from starlette.datastructures import Headers

from sightline_contracts.traces import is_traceparent

MAX_TEXT_BYTES: Final = 255  # what file systems allow for a name; Kafka headers and the console stay small
MAX_KEY_LENGTH: Final = 255
MAX_TOP: Final = 10  # the classifier gives five; the live stream keeps each event once for every number asked for
MAX_WAIT_S: Final = 60  # proxies give up on silent requests at about this age

_WAIT = re.compile(r'\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:;.*)?', re.IGNORECASE)
_ASYNC = re.compile(r"\s*respond-async\s*(?:;.*)?", re.IGNORECASE)


def _utf8(value: object) -> object:
    """HTTP libraries read header bytes as Latin-1; senders mean UTF-8."""
    if not isinstance(value, str):
        return value
    try:
        return value.encode("latin-1").decode()
    except UnicodeError as error:
        raise ValueError("must be UTF-8") from error


def check_text(value: str) -> str:
    """`value` when it can be shown and stored as a name.

    Raises:
        ValueError: it is empty, too long or has control characters.
    """
    if not value.strip():
        raise ValueError("must not be empty")
    if len(value.encode(errors="replace")) > MAX_TEXT_BYTES:
        raise ValueError(f"must have at most {MAX_TEXT_BYTES} bytes in UTF-8")
    if not value.isprintable():
        raise ValueError("must have printable characters only")
    return value


def _unquoted(value: object) -> object:
    # The Idempotency-Key draft has a quoted string, most senders leave the quotes out: both mean the same key.
    quoted = isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1] if isinstance(value, str) and quoted else value


Text = Annotated[str, AfterValidator(check_text)]
HeaderText = Annotated[str, BeforeValidator(_utf8), AfterValidator(check_text)]
_MODEL: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(@[A-Za-z0-9._-]{1,32})?$"
_KEY: Final = r"^[\x20-\x7e]+$"
# What to say of a text that does not match.
PATTERNS: Final = {
    _MODEL: "must be the name of a model, or name@version: letters, digits, '.', '_' and '-'",
    _KEY: "must have printable ASCII characters, and one at least",
}
ModelName = Annotated[str, Field(pattern=_MODEL)]
Top = Annotated[int, Field(ge=1, le=MAX_TOP)]
Key = Annotated[str, BeforeValidator(_unquoted), Field(max_length=MAX_KEY_LENGTH, pattern=_KEY)]


class UploadQuery(BaseModel):
    """Query parameters of an upload; others are refused, so that a typing error does not go unnoticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelName | None = Field(None, description="`name` or `name@version`; default: the system's default model")
    stream: Text | None = Field(None, description="the sender's stream or camera; one stream's images keep their order")
    top: Top | None = Field(None, description="most predictions of an answer with a result; default: all")


class SenderHeaders(BaseModel):
    """Request headers of every call that brings images."""

    model_config = ConfigDict(frozen=True)

    idempotency_key: Key | None = Field(
        None, description="same key and bytes, same image id: makes a retry safe; other bytes get 422"
    )
    traceparent: str | None = Field(None, description="W3C trace context; passed on with the image")

    @property
    def trace(self) -> str | None:
        """The trace context if it is well-formed; W3C has a malformed one ignored."""
        return self.traceparent if self.traceparent and is_traceparent(self.traceparent) else None

    def key_of(self, index: int) -> str | None:
        """The key of the file at `index` of a request with many."""
        return None if self.idempotency_key is None else f"{self.idempotency_key}/{index}"


def header_fields(model: type[BaseModel], headers: Headers) -> dict[str, str | list[str]]:
    """What `headers` say of the fields of `model`, as the framework would take it: of repeated ones the first."""
    fields: dict[str, str | list[str]] = {}
    for name, field in model.model_fields.items():
        values = headers.getlist(name.replace("_", "-"))
        if values:
            fields[name] = values if isinstance(field.default, list) else values[0]
    return fields


class UploadHeaders(SenderHeaders):
    """Request headers that an upload looks at."""

    x_image_name: HeaderText | None = Field(None, description="file name of a raw body, in UTF-8")
    prefer: list[str] = Field(
        [],
        description="`wait=N`: answer with the result if it comes within N seconds (at most 60); `respond-async`: the "
        "answer at once, which is what happens anyway",
    )
    x_callback_url: str | None = Field(
        None, description="where the result is sent by POST; its origin must be one that the operator has listed"
    )
    content_type: str | None = Field(None, description="the image's type, or application/octet-stream")

    @property
    def wait_s(self) -> int | None:
        """Seconds to wait for the result, 60 at most; None when the sender does not ask for it."""
        waits = [int(match[1]) for preference in self._preferences() if (match := _WAIT.fullmatch(preference))]
        return min(waits[0], MAX_WAIT_S) if waits else None

    @property
    def applied(self) -> dict[str, str]:
        """The header of an answer that comes before the result: what was preferred and is done."""
        asked = any(_ASYNC.fullmatch(preference) for preference in self._preferences())
        return {"Preference-Applied": "respond-async"} if asked else {}

    def _preferences(self) -> list[str]:
        return [preference for line in self.prefer for preference in line.split(",")]
