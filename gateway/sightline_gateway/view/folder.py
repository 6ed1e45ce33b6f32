"""The view's folder belongs to one process at a time."""

import fcntl
from pathlib import Path
from typing import IO


class FolderInUse(Exception):
    """Another process has the folder."""


def claim(folder: Path) -> IO[bytes]:
    """Take `folder` for this process until the returned file is closed or the process ends.

    Raises:
        FolderInUse: another process has it.
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise FolderInUse(f"another gateway uses {folder}: set SIGHTLINE_GATEWAY_STATE_DIR") from error
    return lock
