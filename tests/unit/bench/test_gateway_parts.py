"""What the gateway benchmark uploads, how it reads other programs, and what it makes of figures."""

import io
from pathlib import Path

import pytest
from PIL import Image

from bench.gateway.__main__ import BENCHMARK
from bench.gateway.client import BROKEN, Outcome
from bench.gateway.overload import UPLOADS
from bench.gateway.overload import figures as overload_figures
from bench.gateway.rig import Turn
from bench.gateway.throughput import MADE_UP, OURS, PREPARED, busy, figures, table
from bench.services.bodies import padded, photo
from bench.services.counting import rate_after
from bench.services.process import status_bytes
from sightline_contracts.media import inspect_image


@pytest.mark.parametrize("size", [10_000, 100_000, 1_000_000])
def test_a_photo_is_a_real_image_of_exactly_its_size(size: int) -> None:
    """MB/s of both sides count the same bytes, and the gateway judges what it judges in life."""
    file = photo(1, size)
    assert len(file) == size
    assert inspect_image(file).content_type == "image/jpeg"
    with Image.open(io.BytesIO(file)) as image:
        image.load()
        quality_bytes = len(file.rstrip(b"\0"))
        assert image.size == (inspect_image(file).width, inspect_image(file).height)
    assert quality_bytes > size / 2


@pytest.mark.parametrize("missing", [4, 5, 65_537, 65_538, 65_539, 65_540, 65_541, 65_542, 200_000])
def test_any_gap_is_filled_with_comments(missing: int) -> None:
    jpeg = b"\xff\xd8rest"
    assert len(padded(jpeg, len(jpeg) + missing)) == len(jpeg) + missing


def test_a_gap_that_no_comment_fits_into_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot be filled"):
        padded(b"\xff\xd8", 5)


def test_a_rate_counts_from_the_end_of_the_warm_up_to_the_last_record() -> None:
    samples = [(0.0, 0), (1.0, 90), (2.0, 110), (3.0, 200), (4.0, 310), (9.0, 310)]
    assert rate_after(samples, 100) == 100.0


@pytest.mark.parametrize("samples", [[], [(0.0, 5)], [(0.0, 200), (1.0, 200)]])
def test_samples_that_say_nothing_of_a_rate_are_an_error(samples: list[tuple[float, int]]) -> None:
    with pytest.raises(ValueError, match="say nothing"):
        rate_after(samples, 100)


def test_memory_is_read_as_linux_tells_it() -> None:
    status = "Name:\tpython\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n"
    assert status_bytes(status, "VmHWM") == 2_097_152
    with pytest.raises(ValueError, match="VmSwap"):
        status_bytes(status, "VmSwap")


def turn(rate: float) -> Turn:
    """A turn in which the client took 0.1 ms an upload."""
    uploads = int(rate * 5)
    return Turn(Outcome({"202": uploads}, 5.0, {}, uploads / 10_000, uploads), gateway_ms=1.5, broker_ms=0.8)


def test_the_goal_is_a_ratio_of_rounds_and_only_at_100_kb() -> None:
    """A machine that slows down between rounds slows both down: 300/600 and 600/1000, not 600/600."""
    rates = {OURS: [300.0, 600.0, 600.0], MADE_UP: [600.0, 1000.0, 800.0], PREPARED: [1000.0] * 3}
    by_name = {figure.name: figure for figure in figures("100kb", rates, [turn(rate) for rate in rates[OURS]])}
    assert by_name["gateway-100kb-to-producer"].value == 0.6
    assert by_name["gateway-100kb-to-producer"].goal == 0.6
    assert by_name["gateway-100kb-client-busy"].value == pytest.approx(0.06)
    assert all(figure.goal is None for figure in figures("1mb", rates, [turn(300)]))


def test_the_table_says_what_each_process_took() -> None:
    shown = table(100_000, {OURS: [300.0, 500.0], MADE_UP: [600.0, 800.0]}, [turn(300), turn(500)])
    assert shown.rows[0] == (OURS, "400", "40.0", "300 to 500", "1.50", "0.800", "0.100")
    assert shown.rows[1] == (MADE_UP, "700", "70.0", "600 to 800", "", "", "")
    assert shown.markdown()
    assert busy(turn(500)) == pytest.approx(0.05)


@pytest.mark.parametrize(("peak", "answered", "met"), [(368e6, 1000, True), (369e6, 1000, False), (1e6, 999, False)])
def test_overload_is_judged_by_memory_and_by_answers(peak: int, answered: int, met: bool) -> None:
    """A broken connection is no answer."""
    statuses = {"503": answered, BROKEN: UPLOADS - answered}
    outcome = Outcome(statuses, 12.0, {"max": 12_000.0}, 1.0, UPLOADS)
    assert all(figure.met for figure in overload_figures(outcome, int(peak), 268_435_456, 1.0)) is met


def test_a_part_that_never_ran_has_no_section(tmp_path: Path) -> None:
    """And the other benchmarks' blocks stay."""
    page = tmp_path / "page.md"
    blocks = ["<!-- bench-engine: begin -->", "x", "<!-- bench-engine: end -->"]
    page.write_text("\n".join([*blocks, "<!-- bench-gateway: begin -->", "<!-- bench-gateway: end -->", ""]))
    BENCHMARK.write_page(page, page.parent / "nothing")
    assert "bench-engine: begin -->\nx\n" in page.read_text()
    assert set(BENCHMARK.parts) == {"100kb", "1mb", "half-load", "overload"}
