"""Waiting for executors, and noticing that they are gone."""

import socket
from collections.abc import Sequence
from threading import Event
from unittest.mock import MagicMock

import pytest

from sightline_spark import executors
from sightline_spark.errors import ClassifierError
from sightline_spark.executors import ExecutorTasks, preload_watched, tasks_of, wait_for_master
from sightline_spark.query import EngineOptions
from sightline_spark.settings import ClassifierSettings


def cluster(trigger: str = "processing", master: str = "spark://127.0.0.1:1", **settings: object) -> ClassifierSettings:
    return ClassifierSettings.model_validate(
        {
            "classifier_master": master,
            "classifier_driver_host": "127.0.0.1",
            "classifier_trigger": trigger,
            "classifier_executor_cores": 2,
            "classifier_kubernetes_namespace": "default",
            "classifier_kubernetes_image": "image",
            "classifier_kubernetes_pod_name": "pod",
            **settings,
        }
    )


class Counted(ExecutorTasks):
    """Tells the counts that it is given, then the last one for ever."""

    def __init__(self, settings: ClassifierSettings, counts: Sequence[int]) -> None:
        super().__init__(MagicMock(), settings)
        self._counts = [*counts]

    def count(self) -> int:
        """The next count."""
        return self._counts.pop(0) if len(self._counts) > 1 else self._counts[0]


def options() -> EngineOptions:
    return EngineOptions.of(cluster())


@pytest.fixture
def reports() -> list[str]:
    return []


def test_waits_until_all_are_there(reports: list[str]) -> None:
    assert Counted(cluster(), [0, 0, 1, 2]).wait(Event(), reports.append)

    assert reports == ["waiting for executors: 0 of 2 are there", "waiting for executors: 1 of 2 are there"]


def test_can_be_stopped_while_it_waits(reports: list[str]) -> None:
    stop = Event()
    stop.set()

    assert not Counted(cluster(), [0]).wait(stop, reports.append)


def test_does_not_wait_for_the_last_for_ever(reports: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_REST_S", 0.5)

    assert Counted(cluster(), [1]).wait(Event(), reports.append)


def test_the_continuous_trigger_waits_for_the_last(reports: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_REST_S", 0.5)
    tasks = Counted(cluster("continuous"), [1, 1, 1, 1, 1, 2])

    assert tasks.wait(Event(), reports.append)
    assert tasks.count() == 2


def test_a_standalone_cluster_without_executors_is_given_up_after_a_minute() -> None:
    tasks = Counted(cluster(), [1, 0, 0, 1, 0, 0, 0])

    assert tasks.check(0.0) is None
    assert tasks.check(100.0) == "no executor is there"
    assert tasks.check(150.0) == "no executor is there"
    assert tasks.check(170.0) is None
    assert tasks.check(171.0) == "no executor is there"
    assert tasks.check(230.0) == "no executor is there"
    with pytest.raises(ClassifierError, match=r"spark://127.0.0.1:1 has given no executor for 60 s"):
        tasks.check(232.0)


def test_a_master_that_sends_no_executor_at_all_is_given_up(
    reports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A master that came back with an old run of this driver in mind never sends one: the driver waited for ever."""
    monkeypatch.setattr(executors, "_NONE_LEFT_S", 0.5)

    with pytest.raises(ClassifierError, match="has given no executor"):
        Counted(cluster(), [0]).wait(Event(), reports.append)


class Stuck(Counted):
    """Its preload waits for executors that never come."""

    def preload(self, options: EngineOptions) -> str:  # noqa: ARG002
        """Never returns in a test's time."""
        Event().wait(60)
        return "never"


def test_a_preload_without_executors_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looked while the model was loaded: executors gone in between, the driver said "loading model" for ever."""
    monkeypatch.setattr(executors, "_NONE_LEFT_S", 0.3)
    monkeypatch.setattr(executors, "_CHECK_S", 0.1)
    seen: list[str | None] = []

    with pytest.raises(ClassifierError, match="has given no executor"):
        preload_watched(Stuck(cluster(), [1, 0]), options(), Event(), seen.append)
    assert seen[:2] == [None, "no executor is there"]


def test_a_preload_can_be_stopped() -> None:
    """SIGTERM did nothing then."""
    stop = Event()
    assert preload_watched(Stuck(cluster(), [0]), options(), stop, lambda _: stop.set()) is None


def test_a_preload_gives_its_result_and_its_failure() -> None:
    tasks = MagicMock()
    tasks.preload.side_effect = ["model@1", ValueError("broken")]

    assert preload_watched(tasks, options(), Event(), tasks.observe) == "model@1"
    with pytest.raises(ValueError, match="broken"):
        preload_watched(tasks, options(), Event(), tasks.observe)


def test_kubernetes_is_never_given_up() -> None:
    tasks = Counted(cluster(master="k8s://https://api"), [0])

    assert [tasks.check(at) for at in (0.0, 1000.0)] == ["no executor is there"] * 2


def test_the_drivers_own_tasks_can_always_run(reports: list[str]) -> None:
    tasks = tasks_of(MagicMock(), ClassifierSettings())

    assert tasks.wait(Event(), reports.append)
    assert tasks.check(1.0) is None
    assert reports == []


def test_waits_for_the_masters_port(reports: list[str]) -> None:
    stop = Event()
    stop.set()
    with socket.create_server(("127.0.0.1", 0)) as master:
        port = master.getsockname()[1]
        assert wait_for_master(cluster(master=f"spark://127.0.0.1:1,127.0.0.1:{port}"), stop, reports.append)
    assert reports == []

    assert not wait_for_master(cluster(), stop, reports.append)
    assert reports == ["waiting for the Spark master at spark://127.0.0.1:1"]
    assert wait_for_master(ClassifierSettings(), stop, reports.append)
