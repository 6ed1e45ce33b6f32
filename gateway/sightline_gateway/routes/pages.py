"""Pages for people: the console, the API and what a problem's type URL points at."""

from html import escape
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from sightline_gateway.api_page import render_api
from sightline_gateway.problems import KINDS, Problem

router = APIRouter(include_in_schema=False)

_POLICY: Final = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# no-cache: browsers ask each time and get 304 by the ETag, so that an upgrade shows at once.
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-cache",
}


class _ConsoleFiles(StaticFiles):
    """Static files with the console's headers."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(_HEADERS)
        return response


def mount_console(app: FastAPI, folder: Path) -> None:
    """Serve `folder` at /console, and its index.html at /."""
    files = _ConsoleFiles(directory=folder, check_dir=False)

    async def index(request: Request) -> Response:
        return await files.get_response("index.html", request.scope)

    app.add_route("/", index, include_in_schema=False)
    app.mount("/console", files, name="console")


@router.get("/docs")
async def describe_api(request: Request) -> HTMLResponse:
    """The API for people; /openapi.json has it for programs."""
    return HTMLResponse(render_api(request.app.openapi()), headers=_HEADERS)


@router.get("/problems/{code}")
async def explain_problem(code: str) -> HTMLResponse:
    """What a problem code means and what to do."""
    kind = KINDS.get(code)
    if kind is None:
        raise Problem("not-found", f"there is no problem code {code!r}")
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{escape(kind.title)}</title>"
        f"<h1>{escape(kind.title)}</h1><p>Code <code>{escape(code)}</code>, status {int(kind.status)}.</p>"
        f"<p>{escape(kind.advice)}</p></html>\n"
    )
    return HTMLResponse(page, headers=_HEADERS)
