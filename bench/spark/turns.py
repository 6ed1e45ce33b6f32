"""What a program under measurement does at its turn. Imports nothing: it runs in the peers' environment as well."""

import json
import sys
import time
from collections.abc import Callable, Sequence

Rows = Sequence[tuple[int, int]]


def serve(classify: Callable[[str], Rows], tables: Sequence[str]) -> None:
    """A line with a table's number in: it is classified, and a line says in how many seconds and each image's label."""
    for line in sys.stdin:
        table = tables[int(line)]
        began = time.perf_counter()
        rows = classify(table)
        seconds = time.perf_counter() - began
        print("bench", json.dumps([seconds, dict(rows)]), flush=True)
