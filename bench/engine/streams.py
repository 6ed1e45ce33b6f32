"""The classifier from topic to topic against other ways to do that with Spark, on the same backlog."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from bench.engine.contestants import BACKLOG, Place, Query, program
from bench.engine.context import Context
from bench.engine.photos import photos
from bench.engine.report import Figure, Report, Table, number
from bench.engine.rounds import Rates, interleaved, ratio
from bench.engine.subjects import Subject, gallery, subject
from bench.engine.topic import Labels, answer, backlog
from sightline_local.kafka import EmbeddedKafka
from sightline_spark.models.efficientnet_card import NAME as EFFICIENTNET

AGREEMENT: Final = 0.9  # decoders differ by a bit here and there, and some cuts of the photos are close calls


def ours(precision: str) -> Query:
    """The classifier in that precision."""
    return Query(f"Sightline {precision}", "classifier", precision)


NNMODEL: Final = (
    ours("f32"),
    ours("bf16"),
    Query("NNModel.transform in foreachBatch", "nnmodel", "f32", (("f32", 6.0), ("bf16", 20.0))),
)
UDF_F32: Final = (
    ours("f32"),
    Query("predict_batch_udf, ONNX Runtime f32", "onnxruntime", "f32", (("f32", 1.3),)),
    Query("predict_batch_udf, OpenVINO f32", "openvino", "f32", (("f32", 1.3),)),
)
UDF_BF16: Final = (
    ours("bf16"),
    Query("predict_batch_udf, OpenVINO bf16", "openvino", "bf16", (("bf16", 1.3),)),
)


@dataclass(slots=True)
class Contest:
    """One backlog and what became of the queries on it: the labels each gave last."""

    context: Context
    tested: Subject
    models: Path
    kafka: EmbeddedKafka
    folder: Path
    labels: dict[str, Labels]
    runs: int = 0

    def run(self, query: Query) -> float:
        """Start the query afresh; gives its images a second."""
        self.runs += 1
        topic = f"results-{self.runs}"
        place = Place(self.kafka.bootstrap_servers, topic, self.folder / topic)
        self.context.say(query.name)
        started = program(query, self.context, self.tested, self.models, place)
        answered = answer(self.kafka, topic, started, self.context.log(f"{query.kind}-{query.precision}"))
        self.labels[query.name] = answered.labels
        self.context.say(f"{query.name}: {number(answered.rate)} images/s")
        return answered.rate


def compare(context: Context, queries: Sequence[Query], share: int = 2) -> Report:
    """Each query in turn on the same backlog, started afresh each time, once for `share` rounds of the other parts."""
    chosen = [query for query in queries if query.precision != "bf16" or context.machine.bf16]
    tested = subject(EFFICIENTNET, context.folder, context.models, context.say)
    models = gallery(context.folder, context.models, context.say)
    with backlog(photos(), BACKLOG) as kafka, TemporaryDirectory(prefix="sightline-bench-") as folder:
        contest = Contest(context, tested, models, kafka, Path(folder), {})
        rates = interleaved({query.name: partial(contest.run, query) for query in chosen}, context.starts(share))
    agreements = agreement_with(contest.labels, chosen[0].name)
    sizes = [len(photo) / 1000 for photo in photos()]
    remark = f"{len(sizes)} JPEG files, 640 x 427, {sum(sizes) / len(sizes):.0f} kB on average, over and over."
    return replace(
        context.report, figures=figures(chosen, rates), tables=(table(rates, agreements),), remarks=(remark,)
    )


def agreement_with(labels: Mapping[str, Labels], first: str) -> dict[str, float]:
    """Each query's share of images named as `first` does. Raises SystemExit for one that names too many otherwise."""
    shares = {name: agreement(given, labels[first]) for name, given in labels.items()}
    for name, share in shares.items():
        if share < AGREEMENT:
            raise SystemExit(f"{name} names only {share:.0%} of the images as {first} does")
    return shares


def agreement(labels: Labels, expected: Labels) -> float:
    """The share of the images in both that are named alike. Raises ValueError when there is none."""
    common = labels.keys() & expected.keys()
    if not common:
        raise ValueError("the two answered different images")
    return sum(labels[key] == expected[key] for key in common) / len(common)


def table(rates: Rates, agreements: Mapping[str, float]) -> Table:
    """A line for each query."""
    rows = tuple(
        (name, number(median(seen)), ", ".join(map(number, seen)), f"{agreements[name]:.0%}")
        for name, seen in rates.items()
    )
    return Table(("Kafka to Kafka, two cores", "images/s", "rounds", "same first label"), rows)


def figures(queries: Sequence[Query], rates: Rates) -> tuple[Figure, ...]:
    """Ours against each rival, for every precision that the rival names a goal for and that was measured."""
    return tuple(
        Figure(f"kafka-{precision}-to-{query.kind}-{query.precision}", ratio(rates, own, query.name), "x", goal)
        for query in queries
        for precision, goal in query.goals
        if (own := ours(precision).name) in rates
    )
