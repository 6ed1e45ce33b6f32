"""How the stream comparisons count and judge."""

import json

import pytest

from bench.engine.contestants import BACKLOG, NNMODEL_IMAGES, NNMODEL_TRIGGER, UDF_IMAGES, UDF_TRIGGER, Query
from bench.engine.report import Figure
from bench.engine.streams import NNMODEL, agreement, agreement_with, figures
from bench.engine.topic import PARTITIONS, first_index, rate_after


def test_a_rate_counts_what_comes_after_the_warm_results() -> None:
    """Results are appended by several tasks, so their times are in no order."""
    times = [1000, 3000, 2000, 2500, 100, 50]
    assert rate_after(times, 3) == pytest.approx(3 / 2.0)


def test_bursts_do_not_make_a_query_fast() -> None:
    """Three micro-batches of four, each answered at once every 10 s: 0.4 a second, wherever the line is drawn."""
    times = [at * 10_000 + i for at in (1, 2, 3) for i in range(4)]
    assert rate_after(times, 4) == pytest.approx(0.4, rel=1e-3)


@pytest.mark.parametrize("times", [[5], [5, 5]])
def test_too_little_says_nothing_of_a_rate(times: list[int]) -> None:
    """Not infinity."""
    with pytest.raises(ValueError, match="say nothing"):
        rate_after(times, 1)


def test_micro_batches_divide_evenly() -> None:
    """What is warm is whole micro-batches, and a micro-batch the same from each partition."""
    for trigger, images in ((NNMODEL_TRIGGER, NNMODEL_IMAGES), (UDF_TRIGGER, UDF_IMAGES)):
        assert trigger % PARTITIONS == 0
        assert images % trigger == 0
        assert images <= BACKLOG


def test_ours_and_the_rivals_answers_are_read() -> None:
    """Two kinds of document, one question."""
    assert first_index(b'{"index": 7, "probability": 0.5}') == 7
    ours = {"status": "classified", "predictions": [{"index": 9, "label": "x", "probability": 0.9}]}
    assert first_index(json.dumps(ours).encode()) == 9


def test_an_image_that_failed_ends_the_run() -> None:
    """Failing is fast."""
    with pytest.raises(SystemExit, match="not classified"):
        first_index(b'{"status": "failed", "error": {"code": "internal"}, "predictions": []}')


def test_agreement_is_over_common_images() -> None:
    """A slow rival answers fewer."""
    assert agreement({b"a": 1, b"b": 2}, {b"a": 1, b"b": 3, b"c": 4}) == 0.5
    with pytest.raises(ValueError, match="different images"):
        agreement({b"a": 1}, {b"b": 1})


def test_a_query_with_other_answers_is_refused() -> None:
    """It does something else, however fast."""
    with pytest.raises(SystemExit, match="rival names only 0%"):
        agreement_with({"ours": {b"a": 1}, "rival": {b"a": 2}}, "ours")


def test_each_goal_is_for_our_precision_of_that_name() -> None:
    """Twenty times with bf16, six times with f32; without bf16 only the second."""
    rates = {"Sightline f32": [70.0], "Sightline bf16": [190.0], NNMODEL[2].name: [10.0]}
    assert figures(NNMODEL, rates) == (
        Figure("kafka-f32-to-nnmodel-f32", 7.0, "x", 6.0),
        Figure("kafka-bf16-to-nnmodel-f32", 19.0, "x", 20.0),
    )
    del rates["Sightline bf16"]
    assert [figure.name for figure in figures(NNMODEL, rates)] == ["kafka-f32-to-nnmodel-f32"]


def test_a_query_without_goals_gives_no_figure() -> None:
    """Ours against itself."""
    assert figures((Query("Sightline f32", "classifier", "f32"),), {"Sightline f32": [1.0]}) == ()
