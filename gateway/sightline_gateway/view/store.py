"""The results view's tables: everything that touches SQLite."""

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline_contracts.ids import image_id_time
from sightline_contracts.origins import Origin
from sightline_contracts.results import Result, encode_result
from sightline_gateway.view import callbacks, origins
from sightline_gateway.view.callbacks import Callback
from sightline_gateway.view.database import open_writer
from sightline_gateway.view.filters import Facets, facets_of
from sightline_gateway.view.listing import Listing
from sightline_gateway.view.positions import Positions
from sightline_gateway.view.reader import Reader

_FILE: Final = "results.sqlite3"
_TRIM_ROWS: Final = 2_000  # rows deleted in one transaction: a few ms, so that writers and readers never wait long


@dataclass(frozen=True, slots=True)
class Arrival:
    """A result as it came from the topic; `origin` is where its image is, if it says so."""

    partition: int
    offset: int
    result: Result
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result as readers see it; `document` is its JSON in UTF-8."""

    seq: int
    partition: int
    offset: int
    id: str
    document: bytes
    facets: Facets


@dataclass(frozen=True, slots=True)
class Pending:
    """An image that was accepted here and has no result yet.

    `accepted_at` in Unix ms; `callback` is a URL; `origin` is where the image is, if Kafka said so.
    """

    id: str
    name: str | None
    accepted_at: int
    callback: str | None = None
    origin: Origin | None = None


class Store:
    """One writer and one reader connection to the same file, each under its lock; any thread may call.

    Write-ahead logging lets reads go on during writes. `synchronous=NORMAL` survives a killed process; after a power
    loss the last transactions are read from Kafka again, because rows and offsets go back together.
    """

    def __init__(self, folder: Path) -> None:
        """Open or create the file in `folder`.

        Raises:
            OSError: the folder cannot be created.
            sqlite3.Error: the file cannot be opened.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._writing = threading.Lock()
        self._writer = open_writer(folder / _FILE)
        self._reader = Reader(folder / _FILE)
        self.listing = Listing(folder / _FILE)
        self.origins = origins.Origins(folder / _FILE)
        self._seq = int(self._reader.value("SELECT coalesce(max(seq), 0) FROM results"))
        self._topic = str(self._reader.value("SELECT value FROM meta WHERE key = 'topic'") or "")
        self._rows = int(self._reader.value("SELECT count(*) FROM results"))
        self._forgotten = int(self._reader.value("SELECT value FROM meta WHERE key = 'forgotten'") or 0)

    def close(self) -> None:
        """Close all connections; the write-ahead log is folded into the file."""
        with self._writing:
            self.listing.close()
            self.origins.close()
            self._reader.close()
            self._writer.close()

    # -- written by the feed -------------------------------------------------------------------------------------------

    @property
    def topic(self) -> str:
        """The topic id that the positions belong to; empty before the first contact with Kafka."""
        return self._topic

    def next_offsets(self) -> dict[int, int]:
        """The offset to read next, by partition."""
        return dict(self._reader.rows("SELECT partition, next_offset FROM positions"))

    def restart(self, topic: str, next_offsets: Mapping[int, int]) -> None:
        """Begin a new life of the topic at `next_offsets`: results so far stay readable by id, positions do not."""
        with self._transaction() as cursor:
            cursor.execute("DELETE FROM positions")
            self._write_positions(cursor, next_offsets)
            cursor.execute("INSERT OR REPLACE INTO meta VALUES ('topic', ?)", (topic,))
        self._topic = topic

    def apply(self, arrivals: Sequence[Arrival], next_offsets: Mapping[int, int]) -> list[StoredResult]:
        """Store a batch and move the positions, in one transaction; returns what was new, in order of arrival.

        The first result of an image and model version is kept: a second one has the same content.
        """
        now, seq, new = _now_ms(), self._seq, []
        with self._transaction() as cursor:
            for arrival in arrivals:
                stored = _stored(seq + 1, arrival)
                if self._insert(cursor, stored, arrival, now):
                    seq += 1
                    new.append(stored)
            cursor.executemany("DELETE FROM pending WHERE id = ?", [(stored.id,) for stored in new])
            callbacks.make_due(cursor, [stored.id for stored in new], now)
            self._write_positions(cursor, next_offsets)
        self._seq = seq
        self._rows += len(new)
        return new

    def trim(self, max_rows: int, max_age_s: float) -> int:
        """Forget results and pending ids beyond `max_rows` or older than `max_age_s`; returns how many rows went.

        Call again as long as it returns more than 0: one call deletes a bounded number.
        """
        oldest = _now_ms() - int(max_age_s * 1000)
        with self._transaction() as cursor:
            pending = cursor.execute(
                "DELETE FROM pending WHERE id IN (SELECT id FROM pending WHERE accepted_at < ? LIMIT ?)",
                (oldest, _TRIM_ROWS),
            ).rowcount
            pending += cursor.execute(
                "DELETE FROM pending WHERE id IN (SELECT id FROM pending ORDER BY accepted_at DESC LIMIT ? OFFSET ?)",
                (_TRIM_ROWS, max_rows),
            ).rowcount
            pending += callbacks.trim(cursor, oldest, _TRIM_ROWS)
            aged = self._forget(cursor, "WHERE stored_at < ? LIMIT ?", (oldest, _TRIM_ROWS))
            excess = min(max(0, self._rows - aged - max_rows), _TRIM_ROWS)
            self._forget(cursor, "ORDER BY seq LIMIT ?", (excess,))
        self._rows -= aged + excess
        return pending + aged + excess

    # -- written by uploads --------------------------------------------------------------------------------------------

    def add_pending(self, accepted: Iterable[Pending]) -> None:
        """Remember accepted images, save those whose result came first, and all webhooks."""
        accepted = list(accepted)
        asked = [(image.id, image.callback, image.accepted_at) for image in accepted if image.callback is not None]
        with self._transaction() as cursor:
            callbacks.note(cursor, asked, _now_ms())
            cursor.executemany(
                "INSERT OR IGNORE INTO pending SELECT ?1, ?2, ?3, ?4, ?5 "
                "WHERE NOT EXISTS (SELECT 1 FROM results WHERE id = ?1)",
                [(image.id, image.name, image.accepted_at, *origins.columns(image.origin)) for image in accepted],
            )

    # -- written by webhooks ---------------------------------------------------------------------------------------

    def claim_callbacks(self, limit: int) -> list[Callback]:
        """Webhooks to send now: see `callbacks.claim`."""
        with self._transaction() as cursor:
            return callbacks.claim(cursor, limit, _now_ms())

    def put_off_callback(self, callback: Callback) -> None:
        """A webhook was not taken: see `callbacks.put_off`."""
        with self._transaction() as cursor:
            callbacks.put_off(cursor, callback, _now_ms())

    def drop_callback(self, image_id: str) -> None:
        """Forget a webhook: it was taken, or given up."""
        with self._transaction() as cursor:
            cursor.execute("DELETE FROM callbacks WHERE id = ?", (image_id,))

    def count_callbacks(self) -> int:
        """How many webhooks wait for their result or their next try."""
        return int(self._reader.value("SELECT count(*) FROM callbacks"))

    # -- read by routes ------------------------------------------------------------------------------------------------

    def find(self, image_id: str) -> bytes | None:
        """The newest result document of an image."""
        row = self._reader.row("SELECT document FROM results WHERE id = ? ORDER BY seq DESC LIMIT 1", (image_id,))
        return row[0] if row else None

    def find_pending(self, image_id: str) -> Pending | None:
        """The image if it was accepted here and has no result."""
        row = self._reader.row("SELECT id, name, accepted_at FROM pending WHERE id = ?", (image_id,))
        return Pending(*row) if row else None

    def ids_beginning(self, prefix: str) -> set[str]:
        """The ids that begin with `prefix` (hexadecimal digits and hyphens), of results and pending images."""
        between = (prefix, f"{prefix}g") * 2  # g comes after all digits
        query = "SELECT id FROM {0} WHERE id BETWEEN ? AND ?"
        rows = self._reader.rows(f"{query.format('results')} UNION {query.format('pending')} LIMIT 10", between)
        return {row[0] for row in rows}

    def after(self, positions: Positions, seqs: tuple[int, int], limit: int) -> list[StoredResult]:
        """Results of the topic's present life that come after `positions`, with first <= seq <= last, by arrival.

        At most `limit` rows; an empty list says that there are no more.
        """
        first, last = seqs
        seen = positions.offsets
        unseen = "".join(' AND NOT (partition = ? AND "offset" <= ?)' for _ in seen)
        first = max(first, self._first_unseen(seen))
        rows = self._reader.rows(
            'SELECT seq, partition, "offset", id, document, model, status, stream, label FROM results '  # noqa: S608 - placeholders only
            f"WHERE topic = ? AND seq BETWEEN ? AND ?{unseen} ORDER BY seq LIMIT ?",
            (self._topic, first, last, *(value for pair in seen.items() for value in pair), limit),
        )
        return [
            StoredResult(seq, partition, offset, image_id, document, Facets(*facets))
            for seq, partition, offset, image_id, document, *facets in rows
        ]

    @property
    def rows(self) -> int:
        """How many results are kept."""
        return self._rows

    @property
    def forgotten(self) -> int:
        """When the youngest image was made whose result was deleted, in Unix ms; 0: none was."""
        return self._forgotten

    @property
    def last_seq(self) -> int:
        """The sequence number of the newest result."""
        return self._seq

    # -- inside --------------------------------------------------------------------------------------------------------

    def _first_unseen(self, seen: Mapping[int, int]) -> int:
        """The smallest seq that a reader at `seen` lacks. Within a partition seq grows with the offset."""
        found = (
            self._reader.row(
                'SELECT seq FROM results WHERE topic = ? AND partition = ? AND "offset" > ? ORDER BY "offset" LIMIT 1',
                (self._topic, partition, seen.get(partition, -1)),
            )
            for (partition,) in self._reader.rows("SELECT partition FROM positions")
        )
        return min((int(row[0]) for row in found if row), default=self._seq + 1)

    def _insert(self, cursor: sqlite3.Cursor, stored: StoredResult, arrival: Arrival, now: int) -> bool:
        facets, classified_at = stored.facets, arrival.result.classified_at
        place = (self._topic, stored.partition, stored.offset)
        found = (facets.status, facets.stream, facets.label)
        image = origins.columns(arrival.origin)
        cursor.execute(
            "INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (stored.seq, stored.id, facets.model, *place, classified_at, now, *found, stored.document, *image),
        )
        return cursor.rowcount == 1

    def _forget(self, cursor: sqlite3.Cursor, which: str, values: tuple[int, ...]) -> int:
        """Delete results, and note when the youngest of their images was made, by its id."""
        gone = cursor.execute(
            f"DELETE FROM results WHERE seq IN (SELECT seq FROM results {which}) RETURNING id, stored_at",  # noqa: S608
            values,
        ).fetchall()
        # A maker's clock that is ahead must not make us call ids expired that are yet to come.
        made = (min(image_id_time(image_id) or 0, stored_at) for image_id, stored_at in gone)
        if gone:
            self._forgotten = max(self._forgotten, *made)
            cursor.execute("INSERT OR REPLACE INTO meta VALUES ('forgotten', ?)", (str(self._forgotten),))
        return len(gone)

    @staticmethod
    def _write_positions(cursor: sqlite3.Cursor, next_offsets: Mapping[int, int]) -> None:
        cursor.executemany("INSERT OR REPLACE INTO positions VALUES (?, ?)", list(next_offsets.items()))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        with self._writing, self._writer:
            cursor = self._writer.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            yield cursor


def _stored(seq: int, arrival: Arrival) -> StoredResult:
    result = arrival.result
    return StoredResult(seq, arrival.partition, arrival.offset, result.id, encode_result(result), facets_of(result))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
