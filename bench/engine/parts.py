"""The parts by name. Each takes at most five minutes and is repeated alone with `--only NAME`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from bench.engine import bare, cores, product, start, streams
from bench.engine.context import Context
from bench.engine.report import Report


@dataclass(frozen=True, slots=True)
class Part:
    """One part: what it is called, its title on the page, and what measures it."""

    name: str
    title: str
    run: Callable[[Context], Report]


def _bare(network: str, title: str, threads: int) -> Part:
    counted = "one thread" if threads == 1 else f"{threads} threads"
    run = partial(bare.measure, network=network, threads=threads, batches=(1, 8, 16))
    return Part(f"engine-{network}-{threads}t", f"Engine alone, {title}, {counted}", run)


PARTS: Final = (
    _bare("efficientnet-lite0", "EfficientNet-Lite0", 1),
    _bare("resnet50", "ResNet-50", 1),
    _bare("efficientnet-lite0", "EfficientNet-Lite0", 2),
    _bare("resnet50", "ResNet-50", 2),
    Part(
        "stream-efficientnet",
        "Kafka to Kafka against the bare engine, EfficientNet-Lite0",
        partial(product.stream, what="efficientnet-lite0"),
    ),
    Part("stream-lenet", "Kafka to Kafka against the bare engine, LeNet", partial(product.stream, what="digits-lenet")),
    Part(
        "kafka-nnmodel",
        "Kafka to Kafka against NNModel.transform",
        partial(streams.compare, queries=streams.NNMODEL, share=4),
    ),
    Part(
        "kafka-udf-f32",
        "Kafka to Kafka against predict_batch_udf, f32",
        partial(streams.compare, queries=streams.UDF_F32),
    ),
    Part(
        "kafka-udf-bf16",
        "Kafka to Kafka against predict_batch_udf, bf16",
        partial(streams.compare, queries=streams.UDF_BF16),
    ),
    Part("cores", "One core against two", cores.measure),
    Part("start", "From a bundle on disk to the first label, and memory", start.first_label),
    Part("growth", "Memory over 20,000 images", start.growth),
)


def chosen(patterns: list[str]) -> list[Part]:
    """The parts whose name begins with one of `patterns`, or all of them. Raises SystemExit for one that fits none."""
    for pattern in patterns:
        if not any(part.name.startswith(pattern) for part in PARTS):
            raise SystemExit(f"no part begins with {pattern!r}; there are {', '.join(part.name for part in PARTS)}")
    return [part for part in PARTS if not patterns or any(part.name.startswith(pattern) for pattern in patterns)]
