"""What a backfill has to do and with what, kept in its work folder so that any later run can go on."""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from pyspark.sql import DataFrame, SparkSession

from sightline_spark.backfill.errors import BackfillError, Refused
from sightline_spark.backfill.store import Store
from sightline_spark.backfill.work import Entry, Piece

_JOB: Final = "job.json"
_PIECES: Final = "pieces"
_RUNNING: Final = "running"
_LEFT_OUT: Final = "left-out"
_ENTRY_COLUMNS: Final = "name string, images long, size long, modified long, begin long"

Job = Mapping[str, str]


class Ledger:
    """The work folder: `job.json` says what the backfill is, `pieces/` holds the work list, a file a piece."""

    def __init__(self, spark: SparkSession, store: Store) -> None:
        self._spark = spark
        self._store = store

    @property
    def store(self) -> Store:
        """Its files."""
        return self._store

    @property
    def place(self) -> str:
        """Its folder, for people."""
        return str(self._store.local or self._store.root)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out, where the folder is on this machine; tidy up what a killed one left.

        Raises:
            BackfillError: another run is at work.
        """
        folder = self._store.local
        if folder is None:  # no lock there; two runs at once only do the same work twice
            yield
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = (folder / "lock").open("a+")
        except OSError as error:
            raise BackfillError(f"{folder} cannot be written: {error.strerror}") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                owner = lock.read().strip() or "unknown"
                raise BackfillError(f"another run (process {owner}) is at work in {folder}") from None
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            for left in (_RUNNING, "unfinished"):
                self._store.delete(left)
            yield

    def job(self) -> Job | None:
        """What the backfill is; None where none was begun."""
        return json.loads(self._store.read(_JOB)) if self._store.exists(_JOB) else None

    def begin(self, job: Job) -> None:
        """Remember what the backfill is."""
        self._store.write(_JOB, [json.dumps(dict(job), indent=1)])

    def pieces(self) -> list[int]:
        """The numbers of all pieces, in order."""
        return [int(name.split(".")[0]) for name in self._store.names(_PIECES) if name.endswith(".json")]

    def piece(self, number: int) -> Piece:
        """One piece."""
        lines = self._store.read(f"{_PIECES}/{number:06d}.json").splitlines()
        return Piece(number, tuple(Entry.parse(line) for line in lines))

    def add(self, pieces: Iterable[Piece]) -> None:
        """Append to the work list; what was added stays when this is interrupted."""
        for piece in pieces:
            self._store.write(f"{_PIECES}/{piece.label}.json", (entry.to_json() for entry in piece.entries))

    def leave_out(self, piece: Piece, names: Iterable[str]) -> None:
        """Remember, before the piece is done, which of its entries were not: once it is, they are work again."""
        file = f"{_LEFT_OUT}/{piece.label}.json"
        self._store.delete(file)
        if left := [json.dumps({"name": name}) for name in names]:
            self._store.write(file, left)

    def forget_left_out(self, done: Iterable[int]) -> None:
        """Of pieces that are not among `done` nothing is left out: they are done again."""
        kept = {f"{number:06d}.json" for number in done}
        for name in self._store.names(_LEFT_OUT):
            if name not in kept:
                self._store.delete(f"{_LEFT_OUT}/{name}")

    def known(self) -> DataFrame | None:
        """All entries of the work list but those left out: columns as the fields of `Entry`, and file, their piece's.

        None where there is no work list yet.
        """
        if not self._store.exists(_PIECES):
            return None
        known = self._entries(_PIECES, _ENTRY_COLUMNS)
        if not self._store.names(_LEFT_OUT):
            return known
        return known.join(self._entries(_LEFT_OUT, "name string"), ["file", "name"], "left_anti")

    def images(self) -> dict[int, int]:
        """How many images each piece has."""
        known = self.known()
        counts = dict.fromkeys(self.pieces(), 0)
        for row in [] if known is None else known.groupBy("file").sum("images").collect():
            counts[int(row[0].split(".")[0])] = int(row[1])
        return counts

    def _entries(self, folder: str, columns: str) -> DataFrame:
        lines = self._spark.read.schema(columns).json(self._store.place(folder))
        return lines.selectExpr("_metadata.file_name AS file", *(name.split()[0] for name in columns.split(", ")))


def agreed(wanted: Job, found: Job | None, place: str) -> Job:
    """What goes on: `found`, if it is what is `wanted`; a model that is wanted by name alone is any of its versions.

    Raises:
        Refused: the folder holds another backfill.
    """
    if found is None:
        return wanted
    differing = [
        f"{name} {found.get(name) or 'none'} (now {wanted.get(name) or 'none'})"
        for name in sorted({*wanted, *found})
        if not _same(name, wanted.get(name), found.get(name))
    ]
    if differing:
        raise Refused(
            f"{place} holds another backfill, of {', '.join(differing)}: choose another place by --out or --work"
        )
    return found


def _same(name: str, wanted: str | None, found: str | None) -> bool:
    if name == "model" and wanted and found and "@" not in wanted:
        return found.rpartition("@")[0] == wanted
    return wanted == found
