"""What people see of a backfill: a bar on a terminal, elsewhere few lines."""

import io

import pytest

from sightline_spark.backfill.progress import Progress, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bar_with_rate_and_rest() -> None:
    out, clock = Terminal(), Clock()
    progress = Progress(out, 1000, 200, clock)
    clock.now += 10
    progress.update(600, 3)
    assert out.getvalue() == ("\r\x1b[K[##############..........] 600 of 1,000 images, 40.0/s, 10 s left, 3 failed")


def test_the_bar_is_not_drawn_more_often_than_eyes_see() -> None:
    out, clock = Terminal(), Clock()
    progress = Progress(out, 1000, 0, clock)
    for done in range(100):
        clock.now += 0.01
        progress.update(done, 0)
    assert out.getvalue().count("[K") <= 6


def test_news_stand_above_the_bar_which_ends_clean() -> None:
    out = Terminal()
    progress = Progress(out, 10, 0, Clock())
    progress.update(5, 0)
    progress.say("could not read a.png")
    progress.end()
    assert out.getvalue().endswith("\r\x1b[Kcould not read a.png\n\r\x1b[K")


def test_elsewhere_a_line_now_and_then() -> None:
    out, clock = io.StringIO(), Clock()
    progress = Progress(out, 1000, 0, clock)
    for done in range(0, 650, 10):
        clock.now += 1
        progress.update(done, 0)
    progress.end()
    assert out.getvalue() == ("290 of 1,000 images, 9.7/s, 73 s left\n590 of 1,000 images, 9.8/s, 42 s left\n")


def test_it_never_goes_back_nor_beyond_its_end() -> None:
    out, clock = io.StringIO(), Clock()
    progress = Progress(out, 100, 0, clock)
    for done in (60, 50, 170):
        clock.now += 30
        progress.update(done, 0)
    assert [line.partition(",")[0] for line in out.getvalue().splitlines()] == [
        "60 of 100 images",
        "60 of 100 images",
        "100 of 100 images",
    ]


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "0 s"), (99, "99 s"), (720, "12 min"), (12_000, "3 h 20 min")])
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
