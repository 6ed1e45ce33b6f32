"""Files below one folder of any file system that Spark knows, written whole or not at all."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from sightline_spark.backfill.errors import BackfillError, reason

# A file system that cannot force a folder, or a folder that we may write into and not read: nothing more can be done.
_CANNOT: Final = {errno.EINVAL, errno.ENOTSUP, errno.EACCES}


class Store:
    """A folder, made when the first file is written; names are paths below it."""

    def __init__(self, spark: SparkSession, folder: str) -> None:
        jvm: Any = spark._jvm  # noqa: SLF001 - py4j's door
        self._jvm = jvm
        root = self._checked(lambda: jvm.org.apache.hadoop.fs.Path(folder), folder)
        hadoop = spark._jsparkSession.sessionState().newHadoopConf()  # noqa: SLF001
        self._files = self._checked(lambda: root.getFileSystem(hadoop), folder)
        self._root = self._files.makeQualified(root)
        self._anchor = None if self.local is None else _first_that_is_there(self.local.parents)

    @property
    def root(self) -> str:
        """The folder with its file system, as Spark takes it."""
        return str(self._root.toString())

    @property
    def local(self) -> Path | None:
        """The folder as this machine's file system has it; None when it is elsewhere."""
        return Path(self._root.toUri().getPath()) if self._root.toUri().getScheme() == "file" else None

    @property
    def is_folder(self) -> bool:
        """Whether it is there, and no file."""
        return self.exists("") and bool(self._files.getFileStatus(self._root).isDirectory())

    def place(self, name: str) -> str:
        """The full path of `name`."""
        return f"{self.root.rstrip('/')}/{name}"

    def exists(self, name: str) -> bool:
        """Whether there is a file or folder of that name."""
        return bool(self._checked(lambda: self._files.exists(self._path(name)), self.place(name)))

    def names(self, folder: str = "") -> list[str]:
        """The names in a folder in order; none where there is no such folder."""
        path = self._path(folder)
        if not self.exists(folder):
            return []
        found = self._checked(lambda: self._files.listStatus(path), self.place(folder))
        return sorted(str(status.getPath().getName()) for status in found)

    def read(self, name: str) -> str:
        """A file's text."""

        def load() -> str:
            stream = self._files.open(self._path(name))
            try:
                return str(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
            finally:
                stream.close()

        return str(self._checked(load, self.place(name)))

    def write(self, name: str, lines: Iterable[str]) -> None:
        """Write a text file that is not there yet, under another name until it is whole.

        Raises:
            BackfillError: it cannot be written.
        """
        whole = f"unfinished/{uuid4().hex}"

        def save() -> None:
            stream = self._files.create(self._path(whole))
            try:
                stream.write("".join(f"{line}\n" for line in lines).encode())
            finally:
                stream.close()

        self._checked(save, self.place(name))
        self.move(whole, name)

    def move(self, name: str, target: str) -> None:
        """Give a file the name `target`, at once, and for good: on this machine a power cut does not undo it.

        Raises:
            BackfillError: the file system refuses it.
        """

        def rename() -> None:
            path = self._path(target)
            self._files.mkdirs(path.getParent())
            if not self._files.rename(self._path(name), path):
                raise BackfillError(f"{self.place(name)} cannot be moved to {target}")

        if self.local is not None:
            _force(self.local / name)
        self._checked(rename, self.place(target))
        if self.local is not None and self._anchor is not None:
            _force_folders((self.local / target).parent, self._anchor)

    def delete(self, name: str) -> None:
        """Delete a file, or a folder and all in it, if there is one."""
        self._checked(lambda: self._files.delete(self._path(name), True), self.place(name))

    def _path(self, name: str) -> Any:
        paths = self._jvm.org.apache.hadoop.fs
        return paths.Path(self._root, name) if name else self._root

    def _checked(self, do: Any, place: str) -> Any:
        try:
            return do()
        except Py4JJavaError as error:
            raise BackfillError(f"{place}: {reason(error)}") from error


def _force(file: Path) -> None:
    """Have the disk keep a file, and the checksum that Hadoop puts beside it."""
    for each in (file, file.with_name(f".{file.name}.crc")):
        if each.exists():
            _to_disk(each)


def _first_that_is_there(folders: Iterable[Path]) -> Path | None:
    """The folder that will have the name of the first one that is made."""
    return next((each for each in folders if os.path.exists(each)), None)  # noqa: PTH110 - False where we may not look


def _force_folders(folder: Path, last: Path) -> None:
    """Have the disk keep which names are in `folder`, and in those that it is in, up to `last`."""
    for each in (folder, *folder.parents):
        _to_disk(each)
        if each == last:
            return


def _to_disk(place: Path) -> None:
    try:
        opened = os.open(place, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise BackfillError(f"{place} cannot be kept: {error.strerror}") from error
