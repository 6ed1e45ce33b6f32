"""The results view's file: opened with the schema of this version, or begun anew."""

import logging
import sqlite3
from importlib.resources import files
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

VERSION: Final = 4  # of schema.sql


def open_writer(path: Path) -> sqlite3.Connection:
    """A connection to a file of this schema version: one of another version, or a damaged one, is begun anew.

    Raises:
        sqlite3.Error: the file cannot be opened or made.
    """
    try:
        connection = connect(path)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version in (0, VERSION):
            return _prepared(connection)
        reason = f"its schema is version {version}, ours {VERSION}"
        connection.close()
    except sqlite3.OperationalError:
        raise  # locked, unreadable or no space: the file may be good
    except sqlite3.DatabaseError as error:
        reason = str(error)
    log.warning("results view begun anew: %s", reason, extra={"file": str(path)})
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        name.unlink(missing_ok=True)
    return _prepared(connect(path))


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.executescript(files(__package__).joinpath("schema.sql").read_text(encoding="utf-8"))
    connection.execute(f"PRAGMA user_version = {VERSION}")
    return connection


def connect(path: Path) -> sqlite3.Connection:
    """A connection that any thread may use, one at a time.

    Raises:
        sqlite3.Error: the file cannot be opened.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection
