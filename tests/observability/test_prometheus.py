"""A real Prometheus scrapes a real gateway and raises an alert when it goes away."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from sightline_gateway.guard.callers import Scope
from sightline_gateway.guard.keys import make_key
from sightline_local.ports import free_port
from tests.observability.conftest import INSTALL
from tests.observability.queries import FOLDER, alerts
from tests.unit.gateway.process import GatewayProcess, running_gateway, wait_until

pytestmark = pytest.mark.process

NO_BROKER = "127.0.0.1:1"
PORTS = {"gateway:8080": "gateway", "bridge:9501": "bridge", "classifier:9502": "classifier"}


class Prometheus:
    """The project's own configuration, quicker and with targets on this machine, in Debian's Prometheus."""

    def __init__(self, folder: Path, targets: dict[str, str], key: str) -> None:
        port = free_port()
        (folder / "gateway-key").write_text(key)
        self._render(folder, {**targets, "localhost:9090": f"127.0.0.1:{port}"})
        self._log = folder / "prometheus.log"
        options = (f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data")
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", *options, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log
            )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False)

    @staticmethod
    def _render(folder: Path, targets: dict[str, str]) -> None:
        configuration = (FOLDER / "prometheus.yml").read_text().replace(": 15s", ": 1s")
        configuration = configuration.replace("/tmp/gateway-key", f"{folder}/gateway-key")
        for name, address in targets.items():
            configuration = configuration.replace(name, address)
        (folder / "prometheus.yml").write_text(configuration)
        rules = (FOLDER / "alerts.yml").read_text()
        (folder / "alerts.yml").write_text(re.sub(r"(?m)^( +for:) .*$", r"\1 2s", rules))

    def ready(self) -> bool:
        """Whether it serves; fails the test when it ended."""
        assert self.process.poll() is None, self._log.read_text()
        try:
            return self.client.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str, **parameters: str) -> Any:
        """The data of an API answer."""
        answer = self.client.get(f"/api/v1/{path}", params=parameters).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def value(self, query: str) -> float | None:
        """The query's one value, None when it has none."""
        found = self.get("query", query=query)["result"]
        return float(found[0]["value"][1]) if found else None

    def state(self, alert: str, service: str) -> str | None:
        """Whether an alert about a service is pending or firing."""
        for raised in self.get("alerts")["alerts"]:
            if raised["labels"]["alertname"] == alert and raised["labels"].get("service") == service:
                return str(raised["state"])
        return None


@contextmanager
def running_prometheus(folder: Path, targets: dict[str, str], key: str = "") -> Iterator[Prometheus]:
    """A Prometheus that serves; `targets` are addresses here by those in prometheus.yml, `key` is for the gateway."""
    if shutil.which("prometheus") is None:
        pytest.skip(f"needs Prometheus: {INSTALL}")
    prometheus = Prometheus(folder, targets, key)
    try:
        wait_until(prometheus.ready)
        yield prometheus
    finally:
        prometheus.client.close()
        prometheus.process.kill()
        prometheus.process.wait(10)


def test_a_gateway_that_stops_is_missed(tmp_path: Path) -> None:
    with running_gateway(NO_BROKER, tmp_path) as gateway:
        targets = {name: f"127.0.0.1:{free_port()}" for name in PORTS}
        targets["gateway:8080"] = gateway.url.removeprefix("http://")
        with running_prometheus(tmp_path, targets) as prometheus:
            _is_seen(prometheus)
            _has_every_rule(prometheus)
            _is_missed(prometheus, gateway)


def test_a_gateway_that_asks_for_keys_is_seen_with_one_that_has_admin(tmp_path: Path) -> None:
    """Compose's Prometheus had no key: a gateway with keys was down for it."""
    key, entry = make_key("prometheus", frozenset({Scope.ADMIN}))
    file = tmp_path / "keys"
    file.write_text(entry.line())
    with running_gateway(NO_BROKER, tmp_path, gateway_keys_file=file) as gateway:
        targets = {name: f"127.0.0.1:{free_port()}" for name in PORTS}
        targets["gateway:8080"] = gateway.url.removeprefix("http://")
        with running_prometheus(tmp_path, targets, key) as prometheus:
            wait_until(lambda: prometheus.value('up{job="gateway"}') == 1)


def _is_seen(prometheus: Prometheus) -> None:
    wait_until(lambda: prometheus.value('up{job="gateway"}') == 1)
    wait_until(lambda: prometheus.value('sightline_gateway_ready{check="kafka producer"}') == 0)
    wait_until(lambda: prometheus.state("SightlineServiceDown", "classifier") == "firing")
    wait_until(lambda: prometheus.state("SightlineServiceDown", "gateway") is None)
    unreachable = 'ALERTS{alertname="SightlineKafkaUnreachable",alertstate="firing"}'
    wait_until(lambda: prometheus.value(unreachable) == 1)


def _has_every_rule(prometheus: Prometheus) -> None:
    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert [rule["name"] for rule in rules] == [rule["alert"] for rule in alerts()]
    assert {rule["health"] for rule in rules} == {"ok"}, "a rule failed when it was evaluated on real series"


def _is_missed(prometheus: Prometheus, gateway: GatewayProcess) -> None:
    gateway.process.terminate()
    wait_until(lambda: prometheus.state("SightlineServiceDown", "gateway") == "firing")
    assert gateway.process.wait(60) == 0
    (said,) = [
        raised["annotations"]["summary"]
        for raised in prometheus.get("alerts")["alerts"]
        if raised["labels"].get("service") == "gateway"
    ]
    assert said == "No gateway answers"


def test_the_targets_are_those_of_the_configuration() -> None:
    jobs = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    named = {target: job["job_name"] for job in jobs for target in job["static_configs"][0]["targets"]}

    assert named == {**PORTS, "localhost:9090": "prometheus"}
