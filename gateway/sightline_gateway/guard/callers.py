"""Who calls, and what a call needs."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """What a caller may do; `admin` includes the others."""

    UPLOAD = "upload"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may call; `id` tells callers apart, `name` is for people."""

    id: str
    name: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Whether `scope` is among what the caller may do."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


# Pages without content of anybody's, and what probes ask.
_PUBLIC: Final = frozenset({"/", "/healthz", "/readyz", "/openapi.json", "/docs"})
_PUBLIC_FOLDERS: Final = ("/console/", "/docs/", "/problems/", "/v2/health/")
_OF_METHOD: Final = {"GET": Scope.READ, "HEAD": Scope.READ, "OPTIONS": Scope.READ, "POST": Scope.UPLOAD}
SESSION: Final = "/v1/session"


def is_public(method: str, path: str) -> bool:
    """Whether anybody may make this call."""
    if path == SESSION:
        return method == "DELETE"  # signing out
    return method in ("GET", "HEAD") and (path in _PUBLIC or path.startswith(_PUBLIC_FOLDERS))


def needed_scope(method: str, path: str) -> Scope | None:
    """What a call needs that is not public; None: any valid key. A path that nobody thought of is not free."""
    if path == SESSION:
        return None
    return Scope.ADMIN if path == "/metrics" else _OF_METHOD.get(method, Scope.ADMIN)


def parse_scopes(text: str) -> frozenset[Scope]:
    """The scopes in `upload,read`.

    Raises:
        ValueError: one is none of ours, or there is none.
    """
    return frozenset(Scope(part) for part in text.split(","))
