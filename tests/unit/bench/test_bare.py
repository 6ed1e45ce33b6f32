"""The engine benchmark's judgement: who may run, whose answers count, whom we are compared with."""

from pathlib import Path

import numpy as np
import pytest

from bench.engine import bare
from bench.engine.bare import (
    CONTENDERS,
    OURS,
    REFERENCE,
    TOLERANCE,
    Agreement,
    Contender,
    agreement,
    by_processor,
    compared,
    fitting,
    refuse_wrong,
    row,
    runs,
    takes,
)
from bench.engine.context import Context
from bench.engine.machine import Machine
from bench.engine.parts import PARTS, chosen
from bench.engine.report import Figure, Report
from bench.engine.subjects import Subject
from bench.engine.worker import Speed
from sightline_spark.models.errors import ModelError

F32 = Contender("Sightline f32", "onednn")
BF16 = Contender("OpenVINO bf16", "openvino", "bf16")


def test_agreement_is_the_worst_probability_and_the_share_of_equal_labels() -> None:
    """Over all images of the batch."""
    expected = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    answers = np.array([[0.85, 0.15], [0.6, 0.4]], np.float32)
    found = agreement(answers, expected)
    assert found.deviation == pytest.approx(0.4)
    assert found.same_first == 0.5


@pytest.mark.parametrize("deviation", [TOLERANCE["f32"] * 1.01, float("nan")])
def test_wrong_answers_are_not_measured(deviation: float) -> None:
    """Nor are those that are no numbers."""
    with pytest.raises(SystemExit, match="Sightline f32 is off by"):
        refuse_wrong({"Sightline f32": Agreement(deviation, 1.0)})


def test_each_precision_has_its_own_tolerance() -> None:
    """What is a rounding in bf16 is a mistake in f32."""
    refuse_wrong({"OpenVINO bf16": Agreement(0.01, 1.0), "OpenVINO f32": Agreement(1e-6, 1.0)})
    with pytest.raises(SystemExit, match="OpenVINO f32"):
        refuse_wrong({"OpenVINO bf16": Agreement(0.01, 1.0), "OpenVINO f32": Agreement(0.01, 1.0)})


def test_bf16_runs_only_where_the_processor_has_it() -> None:
    """Emulated, it would make a peer look slow."""
    assert runs(BF16, bf16=True, threads=1)
    assert not runs(BF16, bf16=False, threads=1)
    assert runs(F32, bf16=False, threads=1)


@pytest.mark.parametrize("suits", [True, False])
def test_a_network_that_does_not_suit_int8_is_measured_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, suits: bool
) -> None:
    """The calibration refuses it; the other precisions still count, and the page says why one is missing."""

    def calibrated(tested: Subject, *_: object) -> Path:
        if not suits:
            raise ModelError("that is less than 70%")
        return tested.bundle

    monkeypatch.setattr(bare, "calibrated", calibrated)
    tested = Subject("network", tmp_path, tmp_path, tmp_path, tmp_path)
    machine, report = Machine("processor", frozenset({"avx512_bf16"}), (0,)), Report("part", "Part", "", "", "")
    context = Context(tmp_path, tmp_path, tmp_path, tmp_path, machine, 1, 1, report)
    present, remarks = fitting(context, tested, threads=1)
    assert (OURS["int8"] in present) is suits
    assert {OURS["f32"], OURS["bf16"]} <= set(present)
    assert remarks == ([] if suits else ["Sightline int8 was not measured: that is less than 70%."])


def test_the_slowest_contender_is_measured_once() -> None:
    """It would take the five minutes of its part alone, and is no faster in batches."""
    plain = Contender("BigDL forward", "plain")
    assert runs(plain, bf16=True, threads=1)
    assert not runs(plain, bf16=True, threads=2)
    assert takes(plain, 1)
    assert not takes(plain, 8)
    assert takes(F32, 8)


def test_ours_is_compared_with_the_better_peer_of_its_precision() -> None:
    """Not with the one that suits us, nor with one that computes in fewer bits."""
    rates = {contender.name: [10.0] for contender in CONTENDERS}
    rates |= {"Sightline f32": [30.0], "OpenVINO f32": [20.0], REFERENCE: [15.0], "OpenVINO bf16": [90.0]}
    figures = compared([c for c in CONTENDERS if c.name in rates and c.precision == "f32"], rates, "p")
    assert figures[0] == Figure("p-f32-to-openvino-f32", 1.5, "x", 1.0)
    assert [figure.goal for figure in figures[1:]] == [None, None]
    assert {figure.value for figure in figures[1:]} == {3.0}


def test_a_row_shows_the_median_and_the_spread() -> None:
    """The spread says how far to trust it."""
    speeds = [Speed(5.0, 10.0), Speed(15.0, 30.0), Speed(10.0, 20.0)]
    cells = row(F32, 8, speeds, Agreement(1e-6, 1.0))
    assert cells == ("Sightline f32", "8", "10.0", "20.0", "10.0 to 30.0", "1.0e-06", "100%")


def test_ratios_are_of_processor_time() -> None:
    """A neighbour that took half of the clock from one side would double the other's."""
    assert by_processor({"a": [Speed(1.0, 2.0), Speed(3.0, 4.0)]}) == {"a": [2.0, 4.0]}


def test_parts_are_chosen_by_how_their_names_begin() -> None:
    """In the page's order; a misspelt name must not measure nothing and exit 0."""
    assert chosen([]) == list(PARTS)
    assert [part.name for part in chosen(["engine-resnet50-1t"])] == ["engine-resnet50-1t"]
    with pytest.raises(SystemExit, match="no part begins with 'engin-'"):
        chosen(["engin-"])


def test_part_names_are_not_each_others_beginnings() -> None:
    """`--only` would run both."""
    names = [part.name for part in PARTS]
    assert not [(a, b) for a in names for b in names if a != b and b.startswith(a)]
