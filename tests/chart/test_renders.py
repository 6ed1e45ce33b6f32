"""The chart renders for every file of values, to what was reviewed, and to what Kubernetes knows."""

import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

from tests.chart.renders import Render
from tools.chart.files import CHART
from tools.chart.golden import GOLDEN, golden_files, value_files
from tools.chart.helm import KUBE_VERSION, helm

# Custom resources: their schemas come with their operators, not with Kubernetes.
_CUSTOM = {
    "Kafka",
    "KafkaNodePool",
    "KafkaTopic",
    "KafkaUser",
    "ServiceMonitor",
    "PrometheusRule",
    "HTTPRoute",
}


def test_there_are_values_for_every_mode() -> None:
    assert len(value_files()) >= 10


@pytest.mark.parametrize("name", value_files())
def test_lint_has_nothing_to_say(name: str, helm_program: Path) -> None:
    done = helm("lint", "--strict", "--kube-version", KUBE_VERSION, CHART, "--values", value_files()[name])
    assert done.returncode == 0, done.stdout + done.stderr


def test_renders_are_as_reviewed(helm_program: Path) -> None:
    rendered = golden_files()
    stale = [path.name for path, text in rendered.items() if not path.exists() or path.read_text() != text]
    assert not stale, "run `make gen` and look at the difference"
    assert set(GOLDEN.glob("*.yaml")) == set(rendered), "left over: delete them"


def test_kubernetes_knows_every_field(renders: dict[str, Render], kubeconform: Path, tmp_path: Path) -> None:
    """Strict: a field that Kubernetes does not know would be dropped in silence by an old `kubectl`."""
    schemas = _schemas(tmp_path / "schemas")
    for name, render in renders.items():
        (tmp_path / f"{name}.json").write_text(
            json.dumps({"apiVersion": "v1", "kind": "List", "items": render.documents})
        )
    location = f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    options = ["-strict", "-summary", "-output", "json", "-schema-location", location, "-skip", ",".join(_CUSTOM)]
    done = subprocess.run(
        [kubeconform, *options, *sorted(tmp_path.glob("*.json"))], capture_output=True, text=True, check=False
    )
    report = json.loads(done.stdout)
    assert done.returncode == 0, report
    custom = sum(document["kind"] in _CUSTOM for render in renders.values() for document in render.documents)
    assert report["summary"]["skipped"] == custom
    assert report["summary"]["valid"] > 300


def test_every_custom_resource_is_of_the_version_that_operators_serve(renders: dict[str, Render]) -> None:
    """Strimzi 1.0 serves v1 only."""
    found = {
        (document["kind"], document["apiVersion"])
        for render in renders.values()
        for document in render.documents
        if document["kind"] in _CUSTOM
    }
    assert found == {
        ("Kafka", "kafka.strimzi.io/v1"),
        ("KafkaNodePool", "kafka.strimzi.io/v1"),
        ("KafkaTopic", "kafka.strimzi.io/v1"),
        ("KafkaUser", "kafka.strimzi.io/v1"),
        ("ServiceMonitor", "monitoring.coreos.com/v1"),
        ("PrometheusRule", "monitoring.coreos.com/v1"),
        ("HTTPRoute", "gateway.networking.k8s.io/v1"),
    }


def test_names_are_unique_and_fit_a_label(renders: dict[str, Render]) -> None:
    for name, render in renders.items():
        keys = [(document["kind"], document["metadata"]["name"]) for document in render.documents]
        assert len(keys) == len(set(keys)), name
        assert all(len(key[1]) <= 63 for key in keys), name


def test_unit_suites_pass(unittest_plugins: Path) -> None:
    done = helm("unittest", CHART, plugins=unittest_plugins)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 total" not in done.stdout.split("Tests:")[1].splitlines()[0]


def _schemas(folder: Path) -> Path:
    """Kubernetes' schemas from the package kubernetes-validate, so that they refer to each other as files."""
    spec = importlib.util.find_spec("kubernetes_validate")  # not imported: only its data is wanted
    assert spec is not None, "kubernetes-validate is not installed"
    assert spec.submodule_search_locations is not None
    minor = KUBE_VERSION.rpartition(".")[0]
    source = Path(spec.submodule_search_locations[0]) / "kubernetes-json-schema" / f"v{minor}.0-local-strict"
    folder.mkdir()
    for path in source.glob("*.json"):
        schema = json.loads(path.read_text().replace('"/api/_definitions.json', '"_definitions.json'))
        if isinstance(schema, dict):
            schema.pop("$id", None)  # references would resolve to a page of the web
        (folder / path.name).write_text(json.dumps(schema))
    return folder
