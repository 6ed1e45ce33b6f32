"""Multipart forms as a stream: fed bytes, it gives files as they are complete and never holds more than the limits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MAX_FIELD_HEADERS: Final = 16
_MAX_FIELD_HEADER_BYTES: Final = 4_096
_BROKEN: Final = (
    "a part does not begin or end with the boundary, or its headers are malformed, "
    f"more than {_MAX_FIELD_HEADERS} or longer than {_MAX_FIELD_HEADER_BYTES} bytes"
)


class MalformedForm(ValueError):
    """The body is not the multipart form that its header announces; the message says how."""


class Claim(Protocol):
    """Memory that a file holds."""

    def grow(self, size: int) -> bool:
        """Take `size` bytes more; False: there is no room."""

    def release(self) -> None:
        """Give everything back."""


@dataclass(slots=True)
class FormFile:
    """One file of a form. `error` is (code, detail) when it was given up; its data is empty then."""

    claim: Claim
    field_name: str = ""
    name: str | None = None
    content_type: str | None = None
    data: bytes = b""
    error: tuple[str, str] | None = None
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0

    def give_up(self, code: str, detail: str) -> None:
        """Drop the data and remember why; what follows of this file is discarded as it arrives."""
        self.error = self.error or (code, detail)
        self.chunks.clear()
        self.claim.release()

    def take(self) -> bytes:
        """The data, which the file then holds no longer."""
        data, self.data = self.data, b""
        return data


class FormReader:
    """Sans-IO: is fed pieces of a body and hands over each file as it is complete."""

    def __init__(
        self,
        content_type: str,
        limits: tuple[int, int],
        new_claim: Callable[[], Claim],
        on_file: Callable[[FormFile], None],
    ) -> None:
        """Read a form announced by `content_type`; `limits` are the most bytes of a file and the most files.

        Raises:
            MalformedForm: the header has no usable boundary.
        """
        self._max_bytes, self._max_files = limits
        self._new_claim = new_claim
        self._on_file = on_file
        self._count = 0
        self._ended = False
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._file: FormFile | None = None
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if not boundary:
            raise MalformedForm("the Content-Type has no boundary parameter")
        try:
            self._parser = MultipartParser(
                boundary,
                self._callbacks(),
                max_header_count=_MAX_FIELD_HEADERS,
                max_header_size=_MAX_FIELD_HEADER_BYTES,
            )
        except FormParserError as error:
            raise MalformedForm("the boundary in the Content-Type is too long") from error

    def feed(self, chunk: bytes) -> None:
        """Hand over the files that `chunk` completes, in order.

        Raises:
            MalformedForm: the framing is wrong or there are too many files.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise MalformedForm(_BROKEN) from error

    def finish(self) -> None:
        """Say that the body has ended.

        Raises:
            MalformedForm: the closing boundary is missing: the form was cut off.
        """
        if not self._ended:
            raise MalformedForm("the form ends without its closing boundary")

    def close(self) -> None:
        """Give back what an unfinished file holds."""
        if self._file is not None:
            self._file.claim.release()

    def _callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_begin": self._begin_header,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._count += 1
        if self._count > self._max_files:
            raise MalformedForm(f"more than {self._max_files} files in one request")
        self._file = FormFile(self._new_claim())

    def _begin_header(self) -> None:
        self._header = (bytearray(), bytearray())

    def _end_header(self) -> None:
        name, value = self._header
        file = self._part()
        match bytes(name).lower():
            case b"content-disposition":
                options = parse_options_header(bytes(value))[1]
                file.field_name = options.get(b"name", b"").decode(errors="replace")
                file.name = options[b"filename"].decode(errors="replace") if b"filename" in options else None
            case b"content-type":
                file.content_type = bytes(value).decode("latin-1")

    def _data(self, data: bytes, start: int, end: int) -> None:
        file = self._part()
        if file.error is not None:
            return
        file.size += end - start
        if file.size > self._max_bytes:
            file.give_up("too-large", f"the file exceeds the limit of {self._max_bytes} bytes")
        elif not file.claim.grow(end - start):
            file.give_up("overloaded", "the gateway has no room for the file now")
        else:
            file.chunks.append(data[start:end])

    def _end(self) -> None:
        file = self._part()
        file.data = b"".join(file.chunks)
        file.chunks.clear()
        if file.name is None:
            file.give_up("bad-request", f"form field '{file.field_name}' is not a file")
        self._file = None
        self._on_file(file)

    def _finish(self) -> None:
        self._ended = True

    def _part(self) -> FormFile:
        if self._file is None:
            raise MalformedForm("data outside of a part")
        return self._file
