"""What a reader of results may ask for: checked, with the offending parameter named."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from sightline_gateway import documents
from sightline_gateway.parameters import ModelName, Text, Top
from sightline_gateway.view.filters import Filter
from sightline_gateway.view.listing import PageKey, Period

MAX_PAGE: Final = 500
_LATEST_MS: Final = 253_402_300_800_000  # the year 10000, where RFC 3339 ends


def _unix_ms(value: object) -> object:
    """Unix ms from Unix ms or RFC 3339."""
    if not isinstance(value, str):
        return value
    if value.isascii() and value.isdigit():
        return int(value) if len(value) < 16 else _LATEST_MS + 1
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError("neither Unix ms nor RFC 3339, such as 2026-11-22T10:00:00Z (write + as %2B)") from error
    if moment.tzinfo is None:
        raise ValueError("has no time zone: end it with Z, or with +01:00 and the like (write + as %2B)")
    return int(moment.timestamp() * 1000)


def _page_key(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        documents.parse_cursor(value)
    except ValueError as error:
        raise ValueError("not a cursor of this API") from error
    return value


Moment = Annotated[int, BeforeValidator(_unix_ms, json_schema_input_type=str), Field(ge=0, le=_LATEST_MS)]
Cursor = Annotated[str, AfterValidator(_page_key), Field(max_length=512)]


class ResultQuery(BaseModel):
    """How one result is shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    top: Top | None = Field(None, description="most predictions of a result; default: all that the classifier gave")


class FilterQuery(ResultQuery):
    """Which results; others are left out."""

    model: ModelName | None = Field(None, description="`name`, for all its versions, or `name@version`")
    status: Literal["classified", "failed"] | None = Field(None, description="what became of the image")
    stream: Text | None = Field(None, description="the sender's stream or camera")
    label: Text | None = Field(None, description="the most probable label, exactly")

    @property
    def wanted(self) -> Filter:
        """The filter."""
        return Filter(self.model, self.status, self.stream, self.label)


class ExportQuery(FilterQuery):
    """Which results, and of which time."""

    since: Moment | None = Field(None, description="classified at this time or later: RFC 3339 or Unix ms")
    until: Moment | None = Field(None, description="classified before this time: RFC 3339 or Unix ms")

    @property
    def period(self) -> Period:
        """The time range."""
        return Period(self.since, self.until)


class ListQuery(ExportQuery):
    """Which results, and which page of them."""

    limit: int = Field(50, ge=1, le=MAX_PAGE, description="most results of the page")
    cursor: Cursor | None = Field(None, description="`next` of the page before, with the same filters")

    @property
    def after(self) -> PageKey | None:
        """Where the page begins."""
        return None if self.cursor is None else documents.parse_cursor(self.cursor)
