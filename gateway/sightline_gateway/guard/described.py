"""How OpenAPI tells what the guard asks for."""

from typing import Any, Final

from sightline_gateway.guard.access import COOKIE
from sightline_gateway.guard.callers import is_public, needed_scope

_SCHEMES: Final[dict[str, dict[str, str]]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or a token of the provider's"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "What POST /v1/session sets, for the gateway's own pages",
    },
}


def describe_security(document: dict[str, Any], *, identifies: bool) -> None:
    """Add to an OpenAPI `document` how callers say who they are and, if the gateway asks, which calls need which scope.

    An open gateway names the schemes and asks for none of them.
    """
    document.setdefault("components", {})["securitySchemes"] = _SCHEMES
    if not identifies:
        return
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["security"] = [] if is_public(method.upper(), path) else _needed(method.upper(), path)


def _needed(method: str, path: str) -> list[dict[str, list[str]]]:
    scope = needed_scope(method, path)
    return [{scheme: [] if scope is None else [str(scope)]} for scheme in _SCHEMES]
