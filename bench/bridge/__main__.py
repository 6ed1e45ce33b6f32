"""How much one bridge process takes: frames a second at three sizes, memory while the broker stands still.

    make bench-bridge                                all, in about ten minutes
    make bench-bridge ARGS="--only 100kb"            one of 10kb, 100kb, 1mb, ack, stalled
    make bench-bridge ARGS="--rounds 2 --seconds 3"  less effort

One broker and one bridge, started as users start them, serve all parts. At each size one connection and sixteen, of a
process of their own, take turns with Kafka's ProducerPerformance and with kafka-python by itself on the same broker,
whose count is everybody's; a figure is the median over the rounds of the ratio within a round. Lines
`FIGURE name value unit goal >= x` go to standard output, progress to standard error, the tables into
docs/benchmarks.md (`--page`), where a part's section is replaced when it runs again.

Nothing else should run meanwhile: the load is printed with the figures. The exit status is 0 when all goals were
reached, 3 when one was missed, 1 when something failed.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from bench.bridge.acknowledged import measure_ack
from bench.bridge.process import bridge
from bench.bridge.stalled import stall
from bench.bridge.throughput import measure
from bench.latency import broker
from bench.services import producer
from bench.services.program import Benchmark
from bench.services.rig import Rig

# The rivals' topics are deleted after each turn: at once, or minutes of them would wait on the disk.
_BROKER: Final = {"log.segment.delete.delay.ms": 1000}


@contextmanager
def running(arguments: argparse.Namespace) -> Iterator[Rig]:
    """A broker and a bridge, both fresh."""
    jars = producer.install(arguments.folder)
    with broker(_BROKER) as (kafka, folder), bridge(kafka.bootstrap_servers, folder) as process:
        tool = producer.Tool(jars, arguments.folder / "producer-performance.log")
        yield Rig(kafka, process, tool, folder, arguments.rounds, arguments.seconds)


BENCHMARK: Final = Benchmark(
    name="bench-bridge",
    prefix="bridge",
    purpose=__doc__,
    parts={
        "10kb": ("Frames of 10 kB", partial(measure, size=10_000, name="10kb")),
        "100kb": ("Frames of 100 kB", partial(measure, size=100_000, name="100kb")),
        "1mb": ("Frames of 1 MB", partial(measure, size=1_000_000, name="1mb")),
        "ack": ("Acknowledged frames of 100 kB", measure_ack),
        "stalled": ("200 senders while the broker stands still", stall),
    },
    running=running,
    deadline_s=900,
)

if __name__ == "__main__":
    BENCHMARK.main()
