"""The simulator's senders, one thread each: they end when they should, and what went wrong with them is told."""

import threading
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from sightline_bridge.framing import Frame
from sightline_bridge.simulate import player as player_module
from sightline_bridge.simulate.faults import Chances, Dice, Fault
from sightline_bridge.simulate.links import Tally
from sightline_bridge.simulate.player import Player, Report, Schedule

FRAMES = [Frame(None, b"GIF89a")] * 3


class Scripted:
    """A link that takes everything, until it blocks or fails."""

    def __init__(self, blocking: bool = False, error: Exception | None = None) -> None:
        self.tally = Tally()
        self.dice = Dice(Chances(), 0)
        self.blocking = blocking
        self.error = error
        self.release = threading.Event()

    def send(self, frame: Frame) -> None:
        assert frame in FRAMES
        if self.blocking:
            self.release.wait(60)

    def wait(self, seconds: float) -> None:
        self.release.wait(seconds)

    def finish(self) -> None:
        if self.error is not None:
            raise self.error


def ignore(report: Report) -> None:
    assert report.senders


@pytest.fixture
def blocked() -> Iterator[Scripted]:
    link = Scripted(blocking=True)
    yield link
    link.release.set()


class Paced(Scripted):
    """Its waiting is what makes the time pass, and each frame takes a moment; `sent` are the times of the frames."""

    def __init__(self, takes_s: float) -> None:
        super().__init__()
        self.now = 100.0
        self.sent: list[float] = []
        self._takes_s = takes_s

    def send(self, frame: Frame) -> None:
        super().send(frame)
        self.sent.append(self.now - 100)
        self.now += self._takes_s

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("takes_s", "at"), [(0.01, [0, 0.05, 0.1, 0.15, 0.2]), (0.12, [0, 0.12, 0.24])], ids=["in time", "late"]
)
def test_the_rate_and_the_time_are_kept(takes_s: float, at: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is late sends what is due at once, and nothing once the time is over."""
    link = Paced(takes_s)
    monkeypatch.setattr(player_module, "time", SimpleNamespace(monotonic=lambda: link.now))
    Player([(link, iter(FRAMES * 10))], Schedule(rate=20, seconds=0.25)).play(ignore, 0.01)
    assert link.sent == pytest.approx(at)


@pytest.mark.timeout(30)
def test_a_sender_that_waits_for_ever_does_not_outlive_the_time(
    blocked: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A FIFO without reader, or a bridge that never dials: `--seconds` did not end it, nor did Ctrl-C."""
    monkeypatch.setattr(player_module, "GRACE_S", 0.1)
    player = Player([(blocked, iter(FRAMES)), (Scripted(), iter(FRAMES))], Schedule(seconds=0.1))
    assert player.play(ignore, 0.01).failures == ("the bridge kept it waiting",)


@pytest.mark.timeout(30)
def test_a_second_signal_waits_for_nobody(blocked: Scripted) -> None:
    player = Player([(blocked, iter(FRAMES))], Schedule())
    assert player.play(lambda _: player.stop(), 0.01).failures == ("the bridge kept it waiting",)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    ("error", "told"),
    [(OSError(5, "Input/output error"), "Input/output error"), (KeyError("x"), "it met a fault of its own")],
)
def test_a_sender_that_dies_is_a_failure(error: Exception, told: str) -> None:
    """Only SendError was: the exit status was 0 for all others."""
    player = Player([(Scripted(error=error), iter(FRAMES))], Schedule())
    assert player.play(ignore, 0.01).failures == (told,)


class Growing(Counter[Fault]):
    """What a sender throws while it is looked at."""

    def items(self) -> Any:
        for pair in super().items():
            self[Fault.DROPPED] += 1
            yield pair


def test_faults_are_counted_while_they_happen() -> None:
    links = [Scripted(), Scripted()]
    for link in links:
        link.dice.thrown = Growing({Fault.CUT: 1})
    report = Player([(link, iter(FRAMES)) for link in links], Schedule()).report()
    assert report.faults == {Fault.CUT: 2}
