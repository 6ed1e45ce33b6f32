"""The cluster of `tools/engines/kubernetes.sh`, and a release of the chart in it."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from tests.e2e.system import eventually
from tools.chart.helm import cache

ROOT: Final = Path(__file__).resolve().parents[2]
CHART: Final = ROOT / "charts" / "sightline"
VALUES: Final = Path(__file__).with_name("values.yaml")
ENGINES: Final = ROOT / "tools" / "engines"
CACHE: Final = cache()
KUBECONFIG: Final = Path("/var/lib/sightline-kubernetes/admin.conf")
UNAVAILABLE: Final = 69  # status of the scripts in ENGINES: this machine cannot run it
TAG: Final = os.environ.get("SIGHTLINE_IMAGE_TAG", "0.1.0")
IMAGES: Final = (
    *(f"sightline/{name}:{TAG}" for name in ("gateway", "bridge", "topics", "classifier")),
    "apache/kafka:4.3.1",
)
GATEWAY: Final = "http://127.0.0.1:30080"  # the NodePorts of values.yaml, which are open on this machine alone
BRIDGE: Final = ("127.0.0.1", 30950)
WAIT: Final = "300s"

Done = subprocess.CompletedProcess[str]


def command(
    *arguments: str | Path, stdin: str | None = None, deadline_s: float = 400, env: Mapping[str, str] | None = None
) -> Done:
    """Run a program to its end and return what it printed; raises TimeoutExpired after the deadline."""
    return subprocess.run(
        [str(argument) for argument in arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=deadline_s,
        check=False,
        env={**os.environ, **(env or {})},
    )


def checked(done: Done) -> str:
    """What the program printed. Fails the test when it failed."""
    assert done.returncode == 0, f"{' '.join(done.args)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Release:
    """The chart installed in a namespace of its own."""

    name: str
    namespace: str
    home: Path

    @cached_property
    def _programs(self) -> Path:
        return next(CACHE.glob("kubernetes-v*/kubectl")).parent

    @cached_property
    def _environment(self) -> dict[str, str]:
        return {"KUBECONFIG": str(KUBECONFIG), "HELM_CACHE_HOME": str(self.home), "HELM_CONFIG_HOME": str(self.home)}

    def kubectl(self, *arguments: str, stdin: str | None = None) -> Done:
        """`kubectl` in the release's namespace."""
        return command(self._programs / "kubectl", "-n", self.namespace, *arguments, stdin=stdin, env=self._environment)

    def helm(self, verb: str, *arguments: str) -> Done:
        """`helm VERB` with the release's name."""
        return command(CACHE / "bin" / "helm", verb, self.name, "-n", self.namespace, *arguments, env=self._environment)

    def install(self) -> Done:
        """Install the chart with the tests' values; returns when helm says that it is ready."""
        return self.helm(
            "install", str(CHART), "-f", str(VALUES), "--set", f"image.tag={TAG}", "--wait", "--timeout", WAIT
        )

    def upgrade(self, *settings: str) -> Done:
        """Change some of the values (`name=value`), wait until that is done."""
        changes = [part for setting in settings for part in ("--set", setting)]
        return self.helm("upgrade", str(CHART), "--reuse-values", *changes, "--wait", "--timeout", WAIT)

    def objects(self, *arguments: str) -> list[dict[str, Any]]:
        """What `kubectl get` lists."""
        items: list[dict[str, Any]] = json.loads(checked(self.kubectl("get", *arguments, "-o", "json")))["items"]
        return items

    def pods(self, component: str = "") -> list[dict[str, Any]]:
        """The release's pods that should run, or those of one component; what ends already is left out."""
        selector = f"app.kubernetes.io/instance={self.name}" + (
            f",app.kubernetes.io/component={component}" if component else ""
        )
        return [
            pod
            for pod in self.objects("pods", "-l", selector)
            if "deletionTimestamp" not in pod["metadata"] and pod["status"]["phase"] in {"Pending", "Running"}
        ]

    def results(self) -> list[Any]:
        """Every document in the topic `results`; read in a gateway's pod, where Kafka's name is known."""
        script = Path(__file__).with_name("read_results.py").read_text(encoding="utf-8")
        gateway = f"deployment/{self.name}-gateway"

        def read() -> Done | None:
            # A broker that was late for its controller, as on a busy machine, names no broker for some seconds.
            done = self.kubectl("exec", "-i", gateway, "--", "python", "-", stdin=script)
            return None if "MetadataEmptyBrokerList" in done.stderr else done

        found: list[Any] = json.loads(checked(eventually(read, 60, "the broker to be back")))
        return found

    def diagnosis(self) -> str:
        """What a person would look at first when the release is not well."""
        pods = self.kubectl("get", "pods", "-o", "wide").stdout
        events = self.kubectl("get", "events", "--sort-by=.lastTimestamp").stdout
        logs = self.kubectl(
            "logs", "-l", f"app.kubernetes.io/instance={self.name}", "--prefix", "--tail=20", "--max-log-requests=20"
        ).stdout
        return f"{pods}\n{events[-6000:]}\n{logs[-12000:]}"


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether the pod's condition says so."""
    return any(found["type"] == "Ready" and found["status"] == "True" for found in pod["status"].get("conditions", []))
