"""The gate before every route: who calls, whether they may, and whether they call too often."""

from typing import Final

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sightline_common.addresses import network_of
from sightline_gateway.errors import render_problem
from sightline_gateway.guard.access import Access
from sightline_gateway.guard.callers import Caller, is_public, needed_scope
from sightline_gateway.guard.cors import Cors
from sightline_gateway.guard.headers import SecurityHeaders
from sightline_gateway.guard.rates import Buckets, Verdict
from sightline_gateway.guard.settings import GuardSettings
from sightline_gateway.metrics import Metrics
from sightline_gateway.problems import Problem

_NO_CALLER: Final = (
    "no valid API key or token came with this call: send one as `Authorization: Bearer KEY` or `X-API-Key: KEY`"
)


def guarded(app: ASGIApp, settings: GuardSettings, metrics: Metrics) -> ASGIApp:
    """`app` behind the guard. It is outside of everything, so that no answer of the app's goes without its headers."""
    inner: ASGIApp = Guard(app, settings, metrics)
    if settings.gateway_cors_origins:
        inner = Cors(inner, settings.gateway_cors_origins)
    return SecurityHeaders(inner)


class Guard:
    """Lets requests through to `app` or answers them with 401, 403 or 429."""

    def __init__(self, app: ASGIApp, settings: GuardSettings, metrics: Metrics) -> None:
        self._app = app
        self._access = Access(settings)
        self._metrics = metrics
        self._of_key = _buckets("key", settings.gateway_key_rate, settings.gateway_burst_s)
        self._of_address = _buckets("address", settings.gateway_ip_rate, settings.gateway_burst_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit or refuse."""
        if scope["type"] != "http" or is_public(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        caller = await self._access.caller(request)
        verdict = self._rate(request, caller)
        sent = {} if verdict is None else verdict.headers()
        problem = _refusal(request, caller, verdict)
        if problem is not None:
            self._metrics.refused.labels(problem.code).inc()
            response = render_problem(request, problem, {**sent, **_challenge(problem)})
            await response(scope, receive, send)
            return
        request.state.caller, request.state.access = caller, self._access
        await self._app(scope, receive, _with_headers(send, sent) if sent else send)

    def _rate(self, request: Request, caller: Caller | None) -> Verdict | None:
        if caller is not None and caller.id:
            return None if self._of_key is None else self._of_key.take(caller.id)
        if self._of_address is None:
            return None
        return self._of_address.take(network_of(request.client.host if request.client else ""))


def _buckets(policy: str, rate: float | None, burst_s: float) -> Buckets | None:
    return None if rate is None else Buckets(policy, rate, burst_s)


def _refusal(request: Request, caller: Caller | None, verdict: Verdict | None) -> Problem | None:
    if verdict is not None and verdict.wait_s:
        return Problem("rate-limited", f"more calls than the {verdict.policy} may make: wait {verdict.wait_s} s")
    if caller is None:
        return Problem("unauthorized", _NO_CALLER)
    needed = needed_scope(request.method, request.scope["path"])  # its URL has the Host header in it
    if needed is not None and not caller.may(needed):
        return Problem("forbidden", f"the key or token lacks the scope '{needed}'", members={"scope": str(needed)})
    return None


def _challenge(problem: Problem) -> dict[str, str]:
    match problem.code:
        case "unauthorized":
            return {"WWW-Authenticate": 'Bearer realm="sightline"'}
        case "forbidden":
            scope = problem.members["scope"]
            return {"WWW-Authenticate": f'Bearer realm="sightline", error="insufficient_scope", scope="{scope}"'}
    return {}


def _with_headers(send: Send, sent: dict[str, str]) -> Send:
    async def complete(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(sent)
        await send(message)

    return complete
