"""Makes sources of plain data, and finds all of the mistakes in it at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from sightline_bridge.config import MEDIA_TYPE, NAME_PATTERN, AnySource, BridgeConfig, TcpConnectConfig, TcpListenConfig
from sightline_bridge.config_conflicts import Listener, conflicts
from sightline_bridge.framing.config import TOPIC_PATTERN
from sightline_bridge.guard.certificates import file_problems
from sightline_common.plain_words import plain

Location: TypeAlias = tuple[int | str, ...]
_SHAPES: Final = {
    NAME_PATTERN: "it must be of lower-case letters, digits and single hyphens, and begin with a letter: line-3",
    MEDIA_TYPE: "it must be a media type in lower case: image/jpeg",
    TOPIC_PATTERN: "it must be of letters, digits, dots, hyphens and underscores, as topics are named",
}
_SOURCE: Final[TypeAdapter[AnySource]] = TypeAdapter(AnySource)


@final
@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake: where it is in the data, and what is wrong there."""

    location: Location
    text: str


def checked(document: Any, management: Listener | None) -> BridgeConfig | list[Problem]:
    """The sources, or all that is wrong with them, by themselves and together.

    With `management`, the port of the process that is to run them, their files have to be here too.
    """
    try:
        config = BridgeConfig.model_validate(document)
    except ValidationError as error:
        found = [_of(problem) for problem in error.errors(include_url=False, include_input=False)]
        return found + list(_beyond(dict(_right_ones(document)), management))
    return list(_beyond(dict(enumerate(config.sources)), management)) or config


def _beyond(sources: Mapping[int, AnySource], management: Listener | None) -> Iterator[Problem]:
    """What no source's fields show by themselves."""
    for conflict in conflicts(sources, management):
        yield Problem(("sources", conflict.index, conflict.field), conflict.text)
    for index, source in sources.items() if management else ():
        if isinstance(source, TcpListenConfig | TcpConnectConfig) and source.tls is not None:
            for field, text in file_problems(source.tls).items():
                yield Problem(("sources", index, "tls", field), text)


def _right_ones(document: Any) -> Iterator[tuple[int, AnySource]]:
    """The sources that can be read, by their place, of data that cannot as a whole."""
    listed = document.get("sources") if isinstance(document, dict) else None
    for index, source in enumerate(listed if isinstance(listed, list) else ()):
        try:
            yield index, _SOURCE.validate_python(source)
        except ValidationError:
            continue  # pydantic has named it with the whole


def _of(problem: ErrorDetails) -> Problem:
    """In our words, and without the types that pydantic puts between the fields."""
    location, text = problem["loc"], plain(problem, _SHAPES)
    match location:
        case ("sources", int() as index) if problem["type"].startswith("union_tag"):
            return Problem(("sources", index, "type"), text.replace("its type", "it"))
        case ("sources", int() as index, _, "framing", _, *options) if options:
            return Problem(("sources", index, "framing", *options), text)
        case ("sources", int() as index, _, *fields):
            return Problem(("sources", index, *fields), text)
        case _:
            return Problem(location, text)
