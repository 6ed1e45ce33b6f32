"""Webhooks that wait for their result or their next try: rows of the view's file."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# A receiver that restarts is reached by the second or third try, one that is down overnight by none: it can ask for
# results itself. After the last pause comes the last try.
_PAUSES_S: Final = (5, 30, 120, 600, 1_800, 7_200)
TRIES: Final = len(_PAUSES_S) + 1
_LEASE_S: Final = 60  # for a try, longer than any takes: the next process tries again if this one ends during it


@dataclass(frozen=True, slots=True)
class Callback:
    """A webhook to send: the image's first result as JSON, to `url`, as try number `tries`."""

    id: str
    url: str
    tries: int
    document: bytes


def note(cursor: sqlite3.Cursor, waiting: Iterable[tuple[str, str, int]], now: int) -> None:
    """Remember (image id, URL, time of acceptance); it is due at once where the result came first. Unix ms."""
    cursor.executemany(
        "INSERT OR IGNORE INTO callbacks SELECT ?1, ?2, ?3, 0, "
        "CASE WHEN EXISTS (SELECT 1 FROM results WHERE id = ?1) THEN ?4 END",
        [(*row, now) for row in waiting],
    )


def make_due(cursor: sqlite3.Cursor, image_ids: Iterable[str], now: int) -> None:
    """These images have their result."""
    cursor.executemany(
        "UPDATE callbacks SET due_at = ? WHERE id = ? AND due_at IS NULL", [(now, image_id) for image_id in image_ids]
    )


def claim(cursor: sqlite3.Cursor, limit: int, now: int) -> list[Callback]:
    """Up to `limit` that are due. Each counts a try and is not due again until it is put off, or a minute is over."""
    rows = cursor.execute(
        "SELECT id, url, tries + 1, "
        "(SELECT document FROM results WHERE results.id = callbacks.id ORDER BY seq LIMIT 1) "
        "FROM callbacks WHERE due_at <= ? ORDER BY due_at LIMIT ?",
        (now, limit),
    ).fetchall()
    for image_id, _, tries, document in rows:
        if document is None or tries > TRIES:  # its result is no longer kept, or the process ended in its last try
            cursor.execute("DELETE FROM callbacks WHERE id = ?", (image_id,))
            continue
        leased = (tries, now + _LEASE_S * 1000, image_id)
        cursor.execute("UPDATE callbacks SET tries = ?, due_at = ? WHERE id = ?", leased)
    return [Callback(*row) for row in rows if row[3] is not None and row[2] <= TRIES]


def put_off(cursor: sqlite3.Cursor, callback: Callback, now: int) -> None:
    """Make a webhook that was not taken due again after its pause; there is one after every try but the last."""
    due_at = now + _PAUSES_S[callback.tries - 1] * 1000
    cursor.execute("UPDATE callbacks SET due_at = ? WHERE id = ?", (due_at, callback.id))


def trim(cursor: sqlite3.Cursor, oldest: int, limit: int) -> int:
    """Forget up to `limit` of images accepted before `oldest`; returns how many went."""
    return cursor.execute(
        "DELETE FROM callbacks WHERE id IN (SELECT id FROM callbacks WHERE accepted_at < ? LIMIT ?)", (oldest, limit)
    ).rowcount
