"""The one error door: routes raise `Problem`, the handlers here render RFC 9457 documents."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from sightline_contracts.traces import trace_id_of
from sightline_gateway.body import respond_with_unread_body
from sightline_gateway.parameters import PATTERNS
from sightline_gateway.problems import Problem, problem_document

log = logging.getLogger(__name__)

RETRY_AFTER_S: Final = 2  # Kafka elects a new leader or restarts within seconds; sooner only adds load
_OF_STATUS: Final = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 400: "bad-request"}
# By what pydantic calls it; the names in braces are pydantic's, too.
_INVALID: Final = {
    "extra_forbidden": "this call has no such parameter",
    "int_parsing": "must be a whole number",
    "greater_than_equal": "must be {ge} at least",
    "less_than_equal": "must be {le} at most",
    "string_too_long": "must have {max_length} characters at most",
    "literal_error": "must be {expected}",
}


def add_error_door(app: FastAPI) -> None:
    """Make every failure of `app` a problem document."""
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(ClientDisconnect, on_disconnect)
    app.add_exception_handler(Exception, _on_fault)


def render_problem(request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to `request`, whose body may still be on its way."""
    return respond_with_unread_body(request, problem_response(problem, request.url.path, headers))


def problem_response(problem: Problem, instance: str | None, headers: Mapping[str, str] | None = None) -> Response:
    """The problem document as an answer; `instance` is the path of the request, if known."""
    sent = dict(headers or {})
    if problem.kind.status == HTTPStatus.SERVICE_UNAVAILABLE:
        sent["Retry-After"] = str(RETRY_AFTER_S)
    document = problem_document(problem, instance)
    if instance is not None and instance.startswith("/v2"):
        document["error"] = problem.detail  # where the Open Inference Protocol's clients look for the reason
    return JSONResponse(
        document,
        problem.kind.status,
        sent,
        media_type="application/problem+json",
    )


async def on_problem(request: Request, error: Exception) -> Response:
    """The answer to a refusal."""
    if not isinstance(error, Problem):
        raise TypeError(f"registered for Problem, got {error!r}")
    _forget_frames(error)
    if log.isEnabledFor(logging.DEBUG):
        told = {"code": error.code, "path": request.url.path, **_cause(error), **_trace(request)}
        log.debug("refused: %s", error.detail, extra=told)
    return render_problem(request, error, error.headers)


def _cause(error: BaseException) -> dict[str, str]:
    """What a library called the failure behind `error`; its detail says it in our words."""
    first = error
    while first.__cause__ is not None:
        first = first.__cause__
    return {} if first is error else {"cause": repr(first)}


def _trace(request: Request) -> dict[str, str]:
    trace_id = trace_id_of(request.headers.get("traceparent"))
    return {} if trace_id is None else {"trace_id": trace_id}


def _forget_frames(error: BaseException | None) -> None:
    """A refused upload's bytes hang on the frames of its traceback, which live until it is answered: up to 2 s."""
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


async def _on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise TypeError(f"registered for RequestValidationError, got {error!r}")
    first = error.errors()[0]
    place, *names = [str(part) for part in first["loc"]]
    parameter = names[-1] if names else place
    detail = f"{place} parameter '{parameter}': {_reason(first)}"
    return render_problem(request, Problem("bad-request", detail, members={"parameter": parameter}))


def _reason(invalid: Mapping[str, Any]) -> str:
    """What is wrong with a parameter, of which pydantic says `invalid`."""
    kind, known = invalid["type"], invalid.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return PATTERNS[known["pattern"]]
    words = _INVALID.get(kind)
    return str(invalid["msg"]).removeprefix("Value error, ") if words is None else words.format(**known)


async def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise TypeError(f"registered for HTTPException, got {error!r}")
    # Not of the URL: that is put together from the Host header too, and taken apart again without tabs and line ends.
    code, path = _OF_STATUS.get(error.status_code, "internal"), str(request.scope["path"])
    headers, detail = dict(error.headers or {}), f"{request.method} {path}: {error.detail}"
    if code == "method-not-allowed":
        # The framework names the methods of the first route that fits, and no route is a file of the console.
        headers["Allow"] = ", ".join(_methods(request, path) or ("GET", "HEAD"))
        detail = f"{path} does not take {request.method}; it takes {headers['Allow']}"
    elif code == "not-found":
        bare = path.rstrip("/")
        known = bare != path and _methods(request, bare)
        detail = f"there is nothing at {path}; " + (f"try {bare}" if known else "see /docs")
    return render_problem(request, Problem(code, detail), headers)


def _methods(request: Request, path: str) -> list[str]:
    """All methods of the routes that fit a path."""
    fitting = (route for route in iter_route_contexts(request.app.routes) if route.path_regex.match(path))
    methods = set[str]().union(*(route.methods or () for route in fitting))
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


async def on_disconnect(request: Request, _error: Exception) -> Response:
    """Note that nobody waits for the answer."""
    log.debug("the client left before its upload was complete", extra={"path": request.url.path})
    return Response(status_code=499)  # never sent: the socket is gone


async def _on_fault(request: Request, _error: Exception) -> Response:
    # Starlette raises the exception again after this answer, so that the server logs it with its traceback once.
    return render_problem(request, Problem("internal", "the gateway failed to answer; the cause is in its log"))
