"""What the engine benchmark prints, keeps and writes into its page."""

from pathlib import Path

import pytest

from bench.engine.report import BLOCK, Figure, Report, Table, goals, markers, number, renew

BEGIN, END = markers(BLOCK)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000"),
        (0.01234, "0.012"),
        (0.9996, "1.000"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (123.4, "123"),
        (12345.6, "12346"),
    ],
)
def test_a_number_has_three_digits_that_count(value: float, text: str) -> None:
    """And never fewer than its whole part."""
    assert number(value) == text


@pytest.mark.parametrize(
    ("figure", "met", "line"),
    [
        (Figure("ratio", 1.0, "x", 1.0), True, "FIGURE ratio 1.00 x goal >= 1"),
        (Figure("ratio", 1.04, "x", 1.05), False, "FIGURE ratio 1.04 x goal >= 1.05"),
        (Figure("start", 3.0, "s", 3, "<="), True, "FIGURE start 3.00 s goal <= 3"),
        (Figure("start", 3.01, "s", 3, "<="), False, "FIGURE start 3.01 s goal <= 3"),
        (Figure("memory", 812, "MB"), True, "FIGURE memory 812 MB"),
    ],
)
def test_a_figure_knows_its_goal(figure: Figure, met: bool, line: str) -> None:
    """At the goal is good enough; without one there is nothing to miss."""
    assert figure.met is met
    assert figure.line() == line


def test_a_ratio_is_not_rounded_up_to_its_goal() -> None:
    """0.9996 prints as 1.000, and is missed all the same."""
    figure = Figure("ratio", 0.9996, "x", 1.0)
    assert not figure.met
    assert goals([figure]).rows == (("ratio", "1.000 x", ">= 1", "**missed**"),)


def test_a_table_is_a_pipe_table() -> None:
    """The first column is text, numbers are set to the right."""
    table = Table(("contender", "images/s"), (("ours", "12.3"), ("theirs", "4.56")))
    assert table.markdown() == "| contender | images/s |\n| --- | ---: |\n| ours | 12.3 |\n| theirs | 4.56 |"


def test_a_row_that_does_not_fit_is_refused() -> None:
    """Markdown would show it, shifted."""
    with pytest.raises(ValueError, match="does not fit"):
        Table(("a", "b"), (("1",),)).markdown()


def sample() -> Report:
    """A report with one of everything."""
    return Report(
        part="engine-x-1t",
        title="Engine alone, X, one thread",
        machine="Some CPU, 2 processors, load 0.1",
        date="2026-01-02",
        command="make bench-engine",
        figures=(Figure("r", 2.0, "x", 1.0), Figure("s", 1.0, "s", None, "<=")),
        tables=(Table(("a", "b"), (("1", "2"),)),),
        remarks=("No bf16 here.",),
    )


def test_a_report_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    """A later run of another part writes the page from it."""
    sample().save(tmp_path / "results")
    assert Report.load(tmp_path / "results" / "engine-x-1t.json") == sample()


def test_a_section_names_machine_date_and_command() -> None:
    """Figures without them mean nothing."""
    text = sample().markdown()
    assert text.startswith(
        "### Engine alone, X, one thread\n\nSome CPU, 2 processors, load 0.1. 2026-01-02, `make bench-engine`."
    )
    assert "| r | 2.00 x | >= 1 | met |" in text
    assert text.endswith("- No bf16 here.")


def test_renewing_replaces_only_what_is_between_the_markers() -> None:
    """Twice gives the same page as once."""
    page = f"# Head\n\n{BEGIN}\nold\n{END}\n\ntail\n"
    once = renew(page, ["one", "two"])
    assert once == f"# Head\n\n{BEGIN}\n\none\n\ntwo\n\n{END}\n\ntail\n"
    assert renew(once, ["one", "two"]) == once


def test_each_benchmark_has_a_block_of_its_own() -> None:
    """One page, several benchmarks: none writes over another's tables."""
    page = f"{BEGIN}\nmine\n{END}\n<!-- other: begin -->\nold\n<!-- other: end -->\n"
    renewed = renew(page, ["new"], "other")
    assert renewed == f"{BEGIN}\nmine\n{END}\n<!-- other: begin -->\n\nnew\n\n<!-- other: end -->\n"


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{END}{BEGIN}"])
def test_a_page_without_its_markers_is_left_alone(page: str) -> None:
    """Somebody rewrote it: better to say so than to guess."""
    with pytest.raises(ValueError, match="lacks"):
        renew(page, ["x"])
