"""How much one gateway process takes: uploads a second, the time to accept one, memory under overload.

    make bench-gateway                                all, in about five minutes
    make bench-gateway ARGS="--only 100kb"            one of 100kb, 1mb, half-load, overload
    make bench-gateway ARGS="--rounds 3 --seconds 3"  less effort

One broker and one gateway, started as users start them, serve all parts. At each size 64 clients with kept-alive
connections, in a process of their own, take turns with Kafka's ProducerPerformance on the same broker; a figure is the
median over the rounds of the ratio within a round. Lines `FIGURE name value unit goal >= x` go to standard output,
progress to standard error, the tables into docs/benchmarks.md (`--page`), where a part's section is replaced when it
runs again.

Nothing else should run meanwhile: the load is printed with the figures. The exit status is 0 when all goals were
reached, 3 when one was missed, 1 when something failed.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from bench.gateway.latency import half_load
from bench.gateway.overload import flood
from bench.gateway.process import gateway
from bench.gateway.throughput import measure
from bench.latency import broker
from bench.services import producer
from bench.services.program import Benchmark
from bench.services.rig import Rig

# The producers' topics are deleted after each turn: at once, or minutes of them would wait on the disk.
_BROKER: Final = {"log.segment.delete.delay.ms": 1000}


@contextmanager
def running(arguments: argparse.Namespace) -> Iterator[Rig]:
    """A broker and a gateway, both fresh."""
    jars = producer.install(arguments.folder)
    with broker(_BROKER) as (kafka, folder), gateway(kafka.bootstrap_servers, folder) as process:
        tool = producer.Tool(jars, arguments.folder / "producer-performance.log")
        yield Rig(kafka, process, tool, folder, arguments.rounds, arguments.seconds)


BENCHMARK: Final = Benchmark(
    name="bench-gateway",
    prefix="gateway",
    purpose=__doc__,
    parts={
        "100kb": ("Uploads of 100 kB", partial(measure, size=100_000, name="100kb")),
        "1mb": ("Uploads of 1 MB", partial(measure, size=1_000_000, name="1mb")),
        "half-load": ("Time to accept 100 kB at half load", half_load),
        "overload": ("Overload: the broker stands still", flood),
    },
    running=running,
    deadline_s=460,  # it takes about five minutes
)

if __name__ == "__main__":
    BENCHMARK.main()
