"""`python -m tests.fuzz.one TARGET ARGUMENTS...`: fuzz one target in this process; the arguments are libFuzzer's."""

import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["sightline_bridge"]):
    from sightline_bridge.framing import headered
    from tests.fuzz.targets import TARGETS


def fuzz(target: Callable[[bytes], None], arguments: list[str]) -> None:
    """Does not return: libFuzzer ends the process, with status 0 when it found nothing."""
    atheris.Setup([sys.argv[0], *arguments], target)
    atheris.Fuzz()


if __name__ == "__main__":
    headered.IN_PLACE_FROM_BYTES = 1  # its inputs are short: let it see frames that are received where they stay
    fuzz(TARGETS[sys.argv[1]], sys.argv[2:])
