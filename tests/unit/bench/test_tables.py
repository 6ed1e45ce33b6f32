"""The benchmark of tables: who takes part, whose answers count, what is held against a goal."""

import sys
from pathlib import Path

import pytest

from bench.engine.machine import Machine
from bench.engine.report import Figure, Report
from bench.engine.worker import Speed
from bench.spark.__main__ import RESULTS, judged, write_page
from bench.spark.contest import Contender, Entrant
from bench.spark.lineup import BARE, SQL, TRANSFORMER, Files, entrants, figures, precisions, rival, table

ORT, OPENVINO = rival("onnxruntime"), rival("openvino")
OLD, NEW = (Machine("a processor", frozenset(flags), (0, 1)) for flags in ((), ("avx512_bf16",)))
BLANK = Report("spark-f32", "Photos", "a machine", "2026-11-23", "make bench-spark")
# As programs under measurement do: a table's number in, `bench [seconds, labels]` out.
ANSWERING = """
import sys, time
sys.path.insert(0, "bench/spark")
from turns import serve

def classify(table):
    end = time.process_time() + 0.05  # Linux counts processor time in hundredths of a second
    while time.process_time() < end:
        pass
    return [(number, int(table)) for number in range({images})]

print("a line of Spark's")
serve(classify, ["6", "7"])
"""


def test_bf16_is_measured_only_where_the_processor_has_it() -> None:
    """Emulated it would tell nothing; who asks for it gets it."""
    assert precisions(OLD, None) == ["f32", "int8"]
    assert precisions(NEW, None) == ["f32", "bf16", "int8"]
    assert precisions(OLD, "bf16") == ["bf16"]


@pytest.mark.parametrize(
    ("precision", "rivals"), [("f32", [ORT, OPENVINO]), ("bf16", [OPENVINO]), ("int8", [ORT, OPENVINO])]
)
def test_all_contenders_get_the_same_tables_in_the_same_precision(precision: str, rivals: list[str]) -> None:
    """The few photos first, then all."""
    files = Files(Path("models"), Path("net.onnx"), (Path("few"), Path("all")))
    found = entrants(precision, "net", files, Path("peers/python"))
    assert [entrant.name for entrant in found] == [TRANSFORMER, SQL, *rivals]
    assert all(entrant.command[-2:] == ["few", "all"] and precision in entrant.command for entrant in found)


def speeds(**rounds: list[tuple[float, float]]) -> dict[str, list[Speed]]:
    """Clock and processor of each round, by contender."""
    names = {"ours": TRANSFORMER, "sql": SQL, "ort": ORT, "openvino": OPENVINO, "bare": BARE}
    return {names[key]: [Speed(*seen) for seen in told] for key, told in rounds.items()}


def test_the_clock_is_held_against_goals_and_processor_time_is_told() -> None:
    """Ours is 1.3 times one rival and 1.2 times the other by the clock; by processor time it is the other way round."""
    seen = speeds(ours=[(120, 60)], sql=[(95, 60)], ort=[(92, 50)], openvino=[(100, 46)], bare=[(130, 60)])
    found = {figure.name: figure for figure in figures("f32", seen)}
    assert {name for name, figure in found.items() if not figure.met} == {
        "spark-f32-to-openvino",
        "spark-f32-sql-to-transformer",
    }
    assert found["spark-f32-to-bare"] == Figure("spark-f32-to-bare", 120 / 130, "x", 0.9)
    assert found["spark-f32-cpu-to-onnxruntime"] == Figure("spark-f32-cpu-to-onnxruntime", 1.2, "x")


def test_a_ratio_is_that_within_a_round() -> None:
    """The machine was four times slower in the second round, for both."""
    seen = speeds(ours=[(200, 1), (50, 1), (200, 1)], sql=[(1, 1)] * 3, openvino=[(100, 1), (25, 1), (150, 1)])
    seen[BARE] = [Speed(1, 1)] * 3
    assert figures("bf16", seen)[0] == Figure("spark-bf16-to-openvino", 2.0, "x", 1.3)


def test_each_contender_has_a_line() -> None:
    """The engine alone gives no labels to compare."""
    lines = table("f32", speeds(ours=[(100, 50), (120, 60)], bare=[(130, 70)]), {TRANSFORMER: 1.0}).rows
    assert lines == ((TRANSFORMER, "110", "55.0", "100 to 120", "100%"), (BARE, "130", "70.0", "130 to 130", ""))


def test_other_answers_end_the_run() -> None:
    """However fast they came."""
    labels = {TRANSFORMER: {b"0": 1, b"1": 2}, ORT: {b"0": 1, b"1": 3}}
    with pytest.raises(SystemExit, match="ONNX Runtime names only 50%"):
        judged(BLANK, "f32", {}, labels)


def test_a_run_of_one_precision_keeps_the_others(tmp_path: Path) -> None:
    """In their order, whichever was measured last."""
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- bench-spark: begin -->\nold\n<!-- bench-spark: end -->\nafter\n")
    for precision in ("int8", "f32"):
        Report(f"spark-{precision}", precision, "m", "d", "c").save(tmp_path / RESULTS)
        write_page(page, tmp_path / RESULTS)
    text = page.read_text()
    assert text.index("before") < text.index("### f32") < text.index("### int8") < text.index("after")
    assert "old" not in text


def contender(tmp_path: Path, program: str, images: int = 3) -> Contender:
    """A Python program as an entrant that is to classify that many images."""
    return Contender(Entrant("It", [sys.executable, "-c", program], {}), images, tmp_path / "it.log")


def test_a_turn_is_over_the_whole_table(tmp_path: Path) -> None:
    """The stand-in labels everything with the name of its table: the labels are of the second, the whole one."""
    with contender(tmp_path, ANSWERING.format(images=3)) as it:
        assert it.labels == {b"0": 7, b"1": 7, b"2": 7}
        speed = it.turn()
    assert 0 < speed.clock <= 3 / 0.05
    assert 0 < speed.processor <= 3 / 0.03


def test_who_leaves_images_out_is_not_measured(tmp_path: Path) -> None:
    """Failing is fast."""
    with pytest.raises(SystemExit, match="It did not classify 1 of 3 images"):
        contender(tmp_path, ANSWERING.format(images=2))


def test_a_contender_that_ends_says_why(tmp_path: Path) -> None:
    """With the end of its log."""
    with pytest.raises(SystemExit, match=r"status 1; the end of .*it\.log(.|\n)*no model"):
        contender(tmp_path, "raise SystemExit('no model')")
