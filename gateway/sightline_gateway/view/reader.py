"""Reading the results view's file."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sightline_gateway.view.database import connect


class Reader:
    """A connection for reading, under its lock; any thread may call. What should not wait for others has its own."""

    def __init__(self, path: Path) -> None:
        """Open the file, which must have its schema.

        Raises:
            sqlite3.Error: it cannot be opened.
        """
        self._lock = threading.Lock()
        self._connection = connect(path)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows that `query` gives with `values` for its placeholders."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, values: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first of them; None when there is none."""
        return next(iter(self.rows(query, values)), None)

    def value(self, query: str) -> Any:
        """What the first of them has first; None when there is none."""
        row = self.row(query)
        return None if row is None else row[0]
