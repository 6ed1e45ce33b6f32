"""A JSON document of the server that says who callers are, or who we are: of bounded size, and from nowhere else."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, Final

from sightline_common.addresses import is_safe_url

# For one wait of the socket. Longer, and callers wait with us; shorter, and a provider that is only slow seems away.
_TIMEOUT_S: Final = 5.0
_MOST_BYTES: Final = 256 * 1024  # many times what keys or a token take; more would be somebody else's memory in ours

# What reading a document raises that has another shape than it should.
WRONG_SHAPE: Final = (ValueError, LookupError, TypeError, AttributeError)


class Refused(OSError):
    """The server answered `status`; `document` is the JSON object that it said with it, {} without one."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        super().__init__(f"it answered {status}")
        self.status = status
        self.document = document


def fetch_json(url: str, form: bytes | None = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The JSON object at `url`, or what the server answers to `form`. Blocks.

    Redirects are not followed: each could lead past somebody who changes the answer, and would take secrets along.

    Raises:
        Refused: another status than 2xx.
        OSError: no answer.
        ValueError: an answer that is no JSON object, or a URL whose answer others could change.
    """
    if not is_safe_url(url):
        raise ValueError(f"{url} is no https URL")
    request = urllib.request.Request(url, form, dict(headers or {}))  # noqa: S310 - checked above
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=_TIMEOUT_S) as answer:
            return _parsed(answer.read(_MOST_BYTES + 1))
    except urllib.error.HTTPError as error:
        with error:
            raise Refused(error.code, _said(error)) from None
    except HTTPException as error:
        raise OSError(f"half an answer: {error!r}") from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        """Nowhere."""


def _said(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        return _parsed(error.read(_MOST_BYTES + 1))
    except (OSError, HTTPException, ValueError):
        return {}


def _parsed(body: bytes) -> dict[str, Any]:
    if len(body) > _MOST_BYTES:
        raise ValueError(f"an answer of more than {_MOST_BYTES} bytes")
    try:
        document = json.loads(body)
    except RecursionError:
        raise ValueError("an answer that is nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("an answer that is no JSON object")  # noqa: TRY004 - the server's fault, not our caller's
    return document
