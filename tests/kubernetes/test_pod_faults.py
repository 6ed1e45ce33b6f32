"""Pods die and are replaced under load; nothing that was accepted is lost."""

from contextlib import nullcontext

import pytest

from tests.e2e.system import eventually
from tests.kubernetes.cluster import BRIDGE, GATEWAY, Release, checked, is_ready
from tests.traffic import assert_nothing_lost, traffic

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(900)]


@pytest.mark.parametrize("component", ["gateway", "bridge", "classifier", "kafka"])
def test_a_killed_pod_loses_nothing(release: Release, component: str) -> None:
    """Without any grace: the kubelet kills the process, and the controller makes a new pod."""
    before = release.pods(component)
    killed = before[0]["metadata"]
    with traffic(GATEWAY, BRIDGE) as ledger:
        ledger.await_more(40, 10)
        with ledger.unpromised_frames() if component == "bridge" else nullcontext():
            checked(release.kubectl("delete", "pod", killed["name"], "--grace-period=0", "--force"))

            def replaced() -> bool:
                now = release.pods(component)
                uids = {pod["metadata"]["uid"] for pod in now if is_ready(pod)}
                return len(uids) == len(before) and killed["uid"] not in uids

            eventually(replaced, 180, f"another pod instead of {killed['name']}")
        ledger.await_more(40, 10)
    assert_nothing_lost(ledger, release.results)
    print(f"{component}: {len(ledger.ids)} + {len(ledger.names)} promised, {len(ledger.refused)} not")  # noqa: T201


def test_a_rolling_upgrade_of_the_gateways_refuses_nobody(release: Release) -> None:
    """A pod takes no new request once it has to go, and there is always another."""
    eventually(lambda: all(map(is_ready, release.pods("gateway"))), 60, "all gateways to be ready")
    old = {pod["metadata"]["uid"] for pod in release.pods("gateway")}
    with traffic(GATEWAY, BRIDGE) as ledger:
        ledger.await_more(20, 10)  # the bridge too has got over the broker's death
        earlier = len(ledger.refused)
        checked(release.upgrade("gateway.podAnnotations.gateway=changed"))
        ledger.await_more(20, 0)
    assert old.isdisjoint(pod["metadata"]["uid"] for pod in release.pods("gateway"))
    refused = ledger.refused[earlier:]
    assert not refused, "\n".join(refused)
    assert_nothing_lost(ledger, release.results)


def test_a_rolling_upgrade_of_everything_loses_nothing(release: Release) -> None:
    """Broker and classifier are one pod each: while they are away uploads wait or are refused; none is lost."""
    old = {pod["metadata"]["uid"] for pod in release.pods()}
    with traffic(GATEWAY, BRIDGE) as ledger:
        ledger.await_more(40, 10)
        checked(release.upgrade("pods.annotations.all=changed"))
        ledger.await_more(40, 10)
    assert old.isdisjoint(pod["metadata"]["uid"] for pod in release.pods())
    assert_nothing_lost(ledger, release.results)
    print(f"upgrade: {len(ledger.ids)} + {len(ledger.names)} promised, {len(ledger.refused)} not")  # noqa: T201
