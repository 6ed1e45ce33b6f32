"""The programs of the local run, in the order in which they start."""

import sys
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Program:
    """One supervised program.

    `stop_s` is how long it may take to stop before it is killed. `one_shot` programs run until they succeed once.
    `signal_children` sends the stop signal to its children too; without it they are left to the program, and only
    killed when it is late.
    """

    name: str
    module: str
    stop_s: int
    one_shot: bool = False
    signal_children: bool = True

    @property
    def command(self) -> list[str]:
        """The command line, run in the project's root."""
        module, *arguments = self.module.split()
        return [sys.executable, "-m", module, *arguments]


PROGRAMS: Final = (
    Program("broker", "sightline_local broker", stop_s=30),
    Program("topics", "sightline_topics", stop_s=5, one_shot=True),
    Program("gateway", "sightline_gateway", stop_s=30),
    # Its child is Spark's JVM: stopped before the query is, it takes the query down with an error.
    Program("classifier", "sightline_spark", stop_s=30, signal_children=False),
    Program("bridge", "sightline_bridge", stop_s=30),
)
