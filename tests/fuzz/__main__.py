"""`python -m tests.fuzz`: fuzz every target for its part of the time, and say what was found."""

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from tests.fuzz.seeds import write_seeds
from tests.fuzz.targets import TARGETS

# What one target may take: a parser that believes a length takes more.
_MEMORY_MB: Final = 512
_INPUT_S: Final = 5  # an input that takes longer is a finding
_START_S: Final = 60
# Linux hands the most memory that a process ever had to the program that it becomes, and libFuzzer holds that against
# its limit. A child of a shell starts with the little that a shell has, not with all that the tests took until then.
AS_A_CHILD_OF_A_SHELL: Final = ("sh", "-c", '"$@"; exit $?', "sh")
_FOLDER: Final = Path(__file__).parents[2] / ".sightline" / "fuzz"


class Outcome(NamedTuple):
    """What fuzzing a target came to; `log` is what libFuzzer and the target said."""

    target: str
    runs: int
    log: str
    ok: bool


def main() -> None:
    """Exit status: 0 when nothing was found, 1 when something was."""
    options = _arguments()
    seconds = max(1, int(options.seconds * options.jobs / len(options.targets)))
    with ThreadPoolExecutor(options.jobs) as jobs:
        outcomes = jobs.map(lambda target: fuzz_target(target, seconds, options.corpus), options.targets)
        failed = [outcome.target for outcome in outcomes if not _told(outcome)]
    sys.exit(f"found something in {', '.join(failed)}" if failed else 0)


def fuzz_target(target: str, seconds: int, corpus: Path, most_runs: int = -1) -> Outcome:
    """Fuzz `target` in a process of its own; inputs that lead somewhere, or fail, are kept in a folder of `corpus`.

    It ends after `seconds`, or after `most_runs` inputs if they are not negative.
    """
    folder = corpus / target
    write_seeds(folder)
    limits = [f"-max_total_time={seconds}", f"-runs={most_runs}"]
    limits += [f"-timeout={_INPUT_S}", f"-rss_limit_mb={_MEMORY_MB}"]
    fuzzer = [sys.executable, "-m", "tests.fuzz.one", target, *limits, f"-artifact_prefix={folder}/", str(folder)]
    command = [*AS_A_CHILD_OF_A_SHELL, *fuzzer]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + _START_S, check=False)
    ended = re.search(r"^Done (\d+) runs", done.stderr, re.MULTILINE)
    return Outcome(target, int(ended[1]) if ended else 0, done.stdout + done.stderr, done.returncode == 0)


def _told(outcome: Outcome) -> bool:
    found = f"{outcome.runs:,} inputs, nothing found" if outcome.ok else f"FAILED\n{outcome.log[-4000:]}"
    sys.stdout.write(f"{outcome.target:24} {found}\n")
    sys.stdout.flush()
    return outcome.ok


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz-bridge", description="Fuzz all that reads bytes from the network.")
    parser.add_argument("targets", metavar="TARGET", nargs="*", choices=[[], *TARGETS], help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=600, metavar="N", help="for all together; default: %(default)s")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="at a time; default: one a core"
    )
    parser.add_argument("--corpus", type=Path, default=_FOLDER, metavar="FOLDER", help="where inputs are kept")
    options = parser.parse_args()
    options.targets = options.targets or list(TARGETS)
    return options


if __name__ == "__main__":
    main()
