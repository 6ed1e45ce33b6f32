"""How both clients speak HTTP: one address, one set of limits."""

from typing import Any, Final

import httpx

DEFAULT_URL: Final = "http://127.0.0.1:8080"
DEFAULT_TIMEOUT_S: Final = 120.0  # the first photo waits for its model to load
_CONNECT_S: Final = 5.0
_WRITE_S: Final = 60.0  # for one chunk to leave, not for the whole body
VERSION: Final = "0.1.0"


def options(url: str, api_key: str | None) -> dict[str, Any]:
    """The arguments that `httpx.Client` and `httpx.AsyncClient` share."""
    headers = {"User-Agent": f"sightline-client/{VERSION}"}
    if api_key is not None:
        headers["Authorization"] = f"Bearer {api_key}"
    return {"base_url": url, "headers": headers}


def timeout(answer_s: float) -> httpx.Timeout:
    """The limits of a call whose answer may take `answer_s` seconds; a free connection is waited for as long."""
    return httpx.Timeout(connect=_CONNECT_S, read=answer_s, write=_WRITE_S, pool=answer_s)
