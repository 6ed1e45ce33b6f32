"""Programs one after the other, each with a deadline: what happens to one is of no concern to the next."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Final

from sightline_local.child import end_child

LATE: Final = 124  # the status that coreutils' `timeout` gives
END_DEADLINE_S: Final = 60.0  # to stop a broker, Spark and the networks' processes


def leave_when_told() -> None:
    """From now on SIGTERM ends this process through every `finally`, which end the programs that it started."""
    signal.signal(signal.SIGTERM, _leave)


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


def in_turn(commands: Mapping[str, Sequence[str]], deadline_s: float) -> dict[str, int]:
    """Run each command, by name; gives their exit statuses, `LATE` for one that was stopped."""
    statuses = {}
    for name, command in commands.items():
        with subprocess.Popen(command) as process:
            try:
                statuses[name] = process.wait(deadline_s)
            except subprocess.TimeoutExpired:
                print(f"{name}: not done after {deadline_s:.0f} s", file=sys.stderr, flush=True)
                statuses[name] = LATE
            finally:
                end_child(process, END_DEADLINE_S)  # where it still runs: told to end, it ends what it started
    return statuses
