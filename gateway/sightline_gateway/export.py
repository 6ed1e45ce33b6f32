"""The export: all results that a filter admits, a JSON document a line, read as fast as its reader takes them."""

from collections.abc import AsyncGenerator
from typing import Final

from fastapi import Response
from starlette.types import Receive, Scope, Send

from sightline_gateway import documents
from sightline_gateway.delivery import Interrupted, deliver
from sightline_gateway.queries import ExportQuery
from sightline_gateway.view.view import ResultsView

# Each holds a page, about 150 kB; many more would slow the listing, which they share a thread with.
MAX_EXPORTS: Final = 8
PAGE_ROWS: Final = 256  # fewer cost throughput, more memory and delay of the listing


class Export(Response):
    """Newline-delimited JSON, newest first. A connection that breaks before its end says that lines are missing."""

    media_type = "application/x-ndjson"

    def __init__(self, view: ResultsView, query: ExportQuery) -> None:
        disposition = 'attachment; filename="results.ndjson"'
        super().__init__(headers={"Cache-Control": "no-store", "Content-Disposition": disposition})
        del self.headers["content-length"]
        self._view = view
        self._query = query

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._view.exports += 1
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await deliver(self._lines(), scope, receive, send)
        finally:
            self._view.exports -= 1

    async def _lines(self) -> AsyncGenerator[bytes, None]:
        query, after, first = self._query, None, True
        while first or after is not None:
            if self._view.stopping:
                raise Interrupted
            page, after = await self._view.page(query.wanted, query.period, PAGE_ROWS, after)
            yield b"".join(documents.cut(document, query.top) + b"\n" for document in page)
            first = False
