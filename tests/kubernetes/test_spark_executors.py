"""`spark.mode: kubernetes`: the driver starts executor pods, and they classify."""

from typing import Any

import httpx
import pytest

from sightline_local.samples import photo
from tests.e2e.system import eventually, post
from tests.kubernetes.cluster import BRIDGE, GATEWAY, Release, checked, is_ready
from tests.kubernetes.conftest import Installed
from tests.traffic import assert_nothing_lost, traffic

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def on_executors(installed: Installed) -> Release:
    """The release, its classifier on one executor (more would ask for more cores than a small machine has)."""
    release = installed.release
    with traffic(GATEWAY, BRIDGE) as ledger:
        ledger.await_more(20, 0)
        done = release.upgrade("spark.mode=kubernetes", "spark.kubernetes.executors=1")
        assert done.returncode == 0, f"{done.stderr}\n{release.diagnosis()}"
        eventually(lambda: executors(release), 120, "an executor pod")
        ledger.await_more(20, 0)
    assert_nothing_lost(ledger, release.results)  # the change of mode is an upgrade under load, too
    return release


def executors(release: Release) -> list[dict[str, Any]]:
    """The executor pods that are Ready."""
    return [pod for pod in release.pods("executor") if is_ready(pod)]


def test_an_executor_classifies(on_executors: Release, http: httpx.Client) -> None:
    answer = post(http, photo("flower.jpg"), wait_s=60, model="efficientnet-lite0")
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"][0]["label"] == "daisy"
    (executor,) = executors(on_executors)
    said = checked(on_executors.kubectl("logs", executor["metadata"]["name"]))
    assert "Loaded model efficientnet-lite0" in said
    # The driver's JVM is new since the change of mode, so what it had loaded it would have said.
    (driver,) = on_executors.pods("classifier")
    assert "Loaded model" not in checked(on_executors.kubectl("logs", driver["metadata"]["name"]))


def test_an_executor_belongs_to_its_driver(on_executors: Release) -> None:
    """Otherwise executors of a driver that is gone would hold their memory for ever."""
    (driver,) = on_executors.pods("classifier")
    (executor,) = executors(on_executors)
    owners = [owner["uid"] for owner in executor["metadata"]["ownerReferences"]]
    assert owners == [driver["metadata"]["uid"]]


def test_an_executor_has_no_token(on_executors: Release) -> None:
    """Executors decode strangers' images: they get no key to the cluster."""
    (executor,) = executors(on_executors)
    look = on_executors.kubectl("exec", executor["metadata"]["name"], "--", "ls", "/var/run/secrets/kubernetes.io")
    assert look.returncode != 0
    assert "No such file" in look.stderr, "it is `ls` that fails, not the way to the pod"


@pytest.mark.parametrize("component", ["executor", "classifier"])
def test_a_killed_pod_loses_nothing(on_executors: Release, component: str) -> None:
    """The driver starts another executor; another driver starts its own and the old ones go."""
    killed = {pod["metadata"]["uid"] for pod in executors(on_executors)}
    victim = on_executors.pods(component)[0]["metadata"]["name"]
    with traffic(GATEWAY, BRIDGE) as ledger:
        ledger.await_more(40, 10)
        checked(on_executors.kubectl("delete", "pod", victim, "--grace-period=0", "--force"))

        def replaced() -> bool:
            now = executors(on_executors)
            return len(now) == 1 and now[0]["metadata"]["uid"] not in killed

        eventually(replaced, 180, "another executor")
        ledger.await_more(40, 10)
    assert_nothing_lost(ledger, on_executors.results)
