"""Who may talk to whom: the network policies are evaluated as a network would, for every pair of pods."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from tests.chart.renders import Document, Pod, Render

_KAFKA = 9092
_EVERY_PORT = (8080, 7078, 7079, _KAFKA, 9093, 9500, 9501, 9502)
_CLIENTS = ("gateway", "bridge", "classifier", "topics")

# Every connection that the processes need, and with that every one that may be.
_LOCAL = {(client, "kafka", _KAFKA) for client in _CLIENTS} | {("test", "gateway", 8080)}
_EXECUTORS = _LOCAL | {
    ("executor", "kafka", _KAFKA),
    ("executor", "classifier", 7078),
    ("executor", "classifier", 7079),
    ("classifier", "executor", 7079),
    ("executor", "executor", 7079),
}
# The default lets any pod read metrics, and anybody reach the entrances; these pods still have to be let out.
_ENTRANCES = {("gateway", 8080), ("bridge", 9500), ("bridge", 9501), ("classifier", 9502)}


@dataclass(frozen=True, slots=True)
class Network:
    """The policies of a render, as a network plugin that enforces them sees them."""

    policies: tuple[Document, ...]

    def connects(self, source: Pod, target: Pod, port: int) -> bool:
        """Whether the source may open a TCP connection to that port of the target."""
        return self._passes(source, target, port, "Egress") and self._passes(target, source, port, "Ingress")

    def reaches_outside(self, source: Pod, port: int) -> bool:
        """Whether the source may open a TCP connection to that port of something that is no pod of the release."""
        return self._passes(source, None, port, "Egress")

    def lets_in_anybody(self, target: Pod, port: int) -> bool:
        """Whether somebody outside of the cluster may open a TCP connection to that port."""
        return self._passes(target, None, port, "Ingress")

    def _passes(self, pod: Pod, peer: Pod | None, port: int, direction: str) -> bool:
        mine = [policy["spec"] for policy in self.policies if _selects(policy["spec"]["podSelector"], pod)]
        mine = [spec for spec in mine if direction in spec["policyTypes"]]
        rules = [rule for spec in mine for rule in spec.get(direction.lower(), [])]
        side = "to" if direction == "Egress" else "from"
        return not mine or any(_has_port(rule, port) and _has_peer(rule.get(side), peer) for rule in rules)


def _selects(selector: dict[str, Any], pod: Pod) -> bool:
    assert set(selector) <= {"matchLabels"}, "this test knows no other selectors"
    wanted: dict[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= pod.labels.items()


def _has_port(rule: dict[str, Any], port: int) -> bool:
    return "ports" not in rule or any(entry["protocol"] == "TCP" and entry["port"] == port for entry in rule["ports"])


def _has_peer(peers: list[dict[str, Any]] | None, peer: Pod | None) -> bool:
    if peers is None:
        return True
    inside = [entry for entry in peers if "ipBlock" not in entry]
    if peer is None:
        return len(inside) < len(peers)
    return any(_is_peer(entry, peer) for entry in inside)


def _is_peer(entry: dict[str, Any], peer: Pod) -> bool:
    if entry.get("namespaceSelector", {}):
        return False  # by its labels another namespace than the release's
    return _selects(entry.get("podSelector", {}), peer)


def _network(render: Render) -> Network:
    return Network(tuple(render.of_kind("NetworkPolicy")))


def _connections(render: Render) -> set[tuple[str, str, int]]:
    pods, network = render.pods().values(), _network(render)
    return {
        (source.component, target.component, port)
        for source, target, port in product(pods, pods, _EVERY_PORT)
        if network.connects(source, target, port)
    }


@pytest.mark.parametrize(("name", "needed"), [("default", _LOCAL), ("spark-kubernetes", _EXECUTORS)])
def test_pods_connect_where_they_must_and_nowhere_else(
    name: str, needed: set[tuple[str, str, int]], renders: dict[str, Render]
) -> None:
    assert _connections(renders[name]) == needed


def test_entrances_are_open_and_nothing_else(renders: dict[str, Render]) -> None:
    render = renders["spark-kubernetes"]
    network = _network(render)
    open_ports = {
        (pod.component, port)
        for pod, port in product(render.pods().values(), _EVERY_PORT)
        if network.lets_in_anybody(pod, port)
    }
    assert open_ports == {("gateway", 8080), ("bridge", 9500)}
    scraper = Pod("prometheus", {}, {}, {})
    scraped = {
        (pod.component, port)
        for pod, port in product(render.pods().values(), _EVERY_PORT)
        if network.connects(scraper, pod, port)
    }
    assert scraped == _ENTRANCES


def test_entrances_can_be_narrowed(renders: dict[str, Render]) -> None:
    render = renders["ingress"]
    network, pods = _network(render), render.pods()
    assert not network.lets_in_anybody(pods["gateway"], 8080)
    assert network.connects(pods["test"], pods["gateway"], 8080), "helm test must still work"
    assert network.lets_in_anybody(pods["bridge"], 9500), "an address block was allowed"


def test_an_external_kafka_is_reached_on_its_ports_only(renders: dict[str, Render]) -> None:
    render = renders["kafka-external"]
    network = _network(render)
    for component in _CLIENTS:
        pod = render.pods()[component]
        reached = {port for port in (80, 443, 9092, 9093, 9094) if network.reaches_outside(pod, port)}
        assert reached == {9093, 9094}, component
    assert not network.reaches_outside(render.pods()["test"], 9093)


def test_only_a_driver_of_executors_reaches_the_api_server(renders: dict[str, Render]) -> None:
    for name in ("default", "spark-kubernetes"):
        pods, network = renders[name].pods(), _network(renders[name])
        reaching = {pod.component for pod in pods.values() if network.reaches_outside(pod, 6443)}
        assert reaching == ({"classifier"} if "executor" in pods else set())


def test_names_can_be_resolved(renders: dict[str, Render]) -> None:
    (deny,) = [one for one in renders["default"].of_kind("NetworkPolicy") if one["metadata"]["name"].endswith("-deny")]
    assert {"protocol": "UDP", "port": 53} in deny["spec"]["egress"][0]["ports"]
    assert all(_selects(deny["spec"]["podSelector"], pod) for pod in renders["default"].pods().values())


def test_policies_can_be_left_to_others(renders: dict[str, Render]) -> None:
    assert not renders["small"].of_kind("NetworkPolicy")
