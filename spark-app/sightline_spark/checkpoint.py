"""The checkpoint directory: who uses it, and whether it holds a position."""

import fcntl
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from sightline_spark.errors import ClassifierError

# A JVM whose driver was killed ends as soon as it notices; more than this, and something else is wrong.
_ORPHAN_DEADLINE_S: Final = 30.0
_ORPHAN_POLL_S: Final = 0.2


class Checkpoint:
    """A checkpoint directory that this process and its JVM alone use, as a context manager.

    Two queries on one checkpoint write each other's positions: both lose images. The lock belongs to `descriptor`,
    which the JVM inherits: the kernel takes it back when both are gone, however they end.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = directory / "driver.lock"
        self._topic = directory / "topic-id"
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        """Create and lock the directory.

        Raises:
            ClassifierError: another classifier uses it, or it cannot be written.
        """
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._lock_it(self._descriptor)
        except BlockingIOError as error:
            raise ClassifierError(
                f"another classifier (process {self._owner()}) uses the checkpoint {self._directory}: stop it, or give"
                " this one a SIGHTLINE_CLASSIFIER_CHECKPOINT_DIR of its own"
            ) from error
        except OSError as error:
            raise self._unusable(error) from error
        os.truncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Unlock the directory; the file stays, or a waiting process could lock one that is already gone."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @property
    def descriptor(self) -> int:
        """What holds the lock, for the child process that shares it. Valid inside the context."""
        if self._descriptor is None:
            raise ClassifierError("the checkpoint is not locked")
        return self._descriptor

    @property
    def has_position(self) -> bool:
        """Whether a query has saved how far it got."""
        return bool(self._commits())

    def claim_topic(self, name: str, identity: str) -> None:
        """Remember that the positions are those of the topic `name` that Kafka knows as `identity`.

        Spark knows topics by name alone: in one that was deleted and made anew it would go on at the old position, and
        skip what comes before it without a word once the new topic is longer.

        Raises:
            ClassifierError: the saved position is in another topic of that name, or the directory cannot be written.
        """
        try:
            known = self._known_topic()
            if known != identity and not (known and self.has_position):
                self._write_topic(identity)
                return
        except OSError as error:
            raise self._unusable(error) from error
        if known != identity:
            raise ClassifierError(
                f"topic {name} was deleted and made anew since the checkpoint {self._directory} was written, whose"
                " position means nothing in it: delete the checkpoint, and every image that the topic holds is"
                " classified from its beginning"
            )

    def _known_topic(self) -> str:
        """What `claim_topic` remembers; "" for nothing, and for a file that a crash of the machine left empty."""
        try:
            return self._topic.read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return ""

    def _write_topic(self, identity: str) -> None:
        """All of it or nothing, whenever this process or the machine dies: half of it would look like another topic."""
        whole = self._topic.with_suffix(".new")
        with whole.open("w", encoding="ascii") as file:
            file.write(f"{identity}\n")
            file.flush()
            os.fsync(file.fileno())
        whole.replace(self._topic)

    @property
    def saved_at(self) -> float:
        """When a position was last saved, Unix time; 0 when none was."""
        return max((stat.st_mtime for commit in self._commits() if (stat := _stat(commit)) is not None), default=0.0)

    def position(self, topic: str) -> dict[int, int]:
        """The saved position in `topic`: the next offset by partition. Empty when there is none, or none to read."""
        saved = self.report(topic)
        return {} if saved is None else dict(saved["sources"][0]["endOffset"][topic])

    def report(self, topic: str) -> Mapping[str, Any] | None:
        """The newest saved batch or epoch in the form of Spark's progress reports; None when there is none to read.

        The last line of a batch's file below `offsets` is where Spark's Kafka source ends that batch, as JSON.
        """
        newest = max((int(commit.name) for commit in self._commits()), default=None)
        try:
            last = (self._directory / "offsets" / str(newest)).read_text(encoding="utf-8").splitlines()[-1]
            end = {int(number): int(offset) for number, offset in json.loads(last)[topic].items()}
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None
        return {"batchId": newest, "sources": [{"endOffset": {topic: end}}]}

    def _unusable(self, error: OSError) -> ClassifierError:
        return ClassifierError(f"the checkpoint {self._directory} cannot be used: {error.strerror}")

    def _commits(self) -> list[Path]:
        return [path for path in self._directory.glob("commits/*") if path.name.isdigit()]

    def _lock_it(self, descriptor: int) -> None:
        """Take the lock, waiting only for the JVM of a driver that is dead already."""
        deadline = time.monotonic() + _ORPHAN_DEADLINE_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if self._owner_lives() or time.monotonic() > deadline:
                    raise
            time.sleep(_ORPHAN_POLL_S)

    def _owner_lives(self) -> bool:
        owner = self._owner()
        return not owner.isdigit() or Path("/proc", owner).exists()

    def _owner(self) -> str:
        return self._lock.read_text(encoding="ascii").strip() or "unknown"


def _stat(path: Path) -> os.stat_result | None:
    """None: Spark deleted it meanwhile."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None
