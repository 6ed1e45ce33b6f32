"""The machine that is measured, as far as figures depend on it."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

# What the precisions run on natively: without them bf16 is emulated or refused, and int8 is no gain.
_BF16 = {"avx512_bf16", "amx_bf16"}
_INT8 = {"avx512_vnni", "avx_vnni", "amx_int8"}


@dataclass(frozen=True, slots=True)
class Machine:
    """Model name, feature flags and processors as Linux tells them."""

    name: str
    flags: frozenset[str]
    processors: tuple[int, ...]

    @property
    def bf16(self) -> bool:
        """Whether the processor multiplies bf16 natively."""
        return bool(self.flags & _BF16)

    def describe(self, load: float) -> str:
        """For the page: the processor, what it can, and how busy the machine was."""
        known = sorted(self.flags & (_BF16 | _INT8))
        features = ", ".join(known) if known else "neither bf16 nor int8 instructions"
        return f"{self.name}, {len(self.processors)} processors, {features}; load {load:.1f}"

    def last(self, count: int) -> list[int]:
        """The `count` highest processors: interrupts prefer the lowest. Raises SystemExit when there are fewer."""
        if count > len(self.processors):
            raise SystemExit(f"this needs {count} processors, the machine has {len(self.processors)}")
        return list(self.processors[-count:])


def parse_cpuinfo(text: str, processors: tuple[int, ...]) -> Machine:
    """Read /proc/cpuinfo's first processor."""
    fields: dict[str, str] = {}
    for line in text.split("\n\n", 1)[0].splitlines():
        key, _, value = line.partition(":")
        fields[key.strip()] = value.strip()
    family = f"family {fields.get('cpu family', '?')} model {fields.get('model', '?')}"
    name = f"{fields.get('model name', 'unknown processor')} ({family})"
    return Machine(name, frozenset(fields.get("flags", "").split()), processors)


def this_machine() -> Machine:
    """The machine this process may use."""
    return parse_cpuinfo(Path("/proc/cpuinfo").read_text(encoding="utf-8"), tuple(sorted(os.sched_getaffinity(0))))


def load() -> float:
    """Processes that ran or waited in the last minute, on average."""
    return os.getloadavg()[0]


def today() -> str:
    """The date, UTC."""
    return datetime.now(UTC).date().isoformat()
