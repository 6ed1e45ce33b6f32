"""What an upgrade replaces: the pods whose settings changed, and no others."""

from pathlib import Path

import pytest
import yaml

from tests.chart.renders import Render, parse
from tools.chart.files import CHART
from tools.chart.helm import template

_CHECKSUM = "checksum/config"


def _render(*settings: str, chart: Path = CHART) -> Render:
    done = template(chart, *[part for setting in settings for part in ("--set", setting)])
    assert done.returncode == 0, done.stderr
    return parse(done.stdout)


def _replaced(before: Render, after: Render) -> set[str]:
    """Processes whose pods differ: what Kubernetes would replace. The test's pod is made anew each time."""
    old, new = before.pods(), after.pods()
    return {
        name
        for name in new
        if name != "test"
        and (new[name].spec, new[name].annotations, new[name].labels)
        != (old[name].spec, old[name].annotations, old[name].labels)
    }


@pytest.mark.parametrize(
    ("setting", "replaced"),
    [
        ("config.SIGHTLINE_GATEWAY_MAX_FILES=5", {"gateway"}),
        ("config.SIGHTLINE_BRIDGE_FRAMING=named", {"bridge"}),
        ("config.SIGHTLINE_CLASSIFIER_TRIGGER_INTERVAL_MS=50", {"classifier"}),
        ("config.SIGHTLINE_LOG_LEVEL=DEBUG", {"gateway", "bridge", "classifier", "topics"}),
        ("config.SIGHTLINE_MAX_IMAGE_BYTES=20971520", {"gateway", "bridge", "classifier", "topics", "kafka"}),
        ("bridge.sources[0].name=gate,bridge.sources[0].type=tcp-listen,bridge.sources[0].port=9600", {"bridge"}),
        ("topics.deadlineSeconds=60", {"topics"}),
        ("gateway.replicas=3", set()),
        ("test.label=zero", set()),
        ("monitoring.serviceMonitor.enabled=true", set()),
    ],
)
def test_only_pods_that_read_a_value_are_replaced(setting: str, replaced: set[str], helm_program: Path) -> None:
    assert _replaced(_render(), _render(setting)) == replaced


def test_a_driver_starts_anew_when_its_executors_change(helm_program: Path) -> None:
    """It reads what they are made after only once."""
    mode = "spark.mode=kubernetes"
    changed = _replaced(_render(mode), _render(mode, r"spark.kubernetes.podAnnotations.team=vision"))
    assert changed == {"classifier", "executor"}


def test_the_bridge_starts_anew_when_its_sources_change(helm_program: Path) -> None:
    """It reads its file only once."""
    source = "bridge.sources[0].name=gate,bridge.sources[0].type=tcp-listen,bridge.sources[0].port=9600"
    changed = _replaced(_render(source), _render(f"{source},bridge.sources[0].model=digits-lenet"))
    assert changed == {"bridge"}


def test_a_new_chart_alone_replaces_nothing(helm_program: Path, tmp_path: Path) -> None:
    """The chart's version stands in labels of objects; in labels of pods it would restart everything."""
    about = yaml.safe_load((CHART / "Chart.yaml").read_text()) | {"version": "9.9.9"}
    copy = tmp_path / "copy"
    copy.mkdir()
    for part in CHART.iterdir():
        (copy / part.name).symlink_to(part)
    (copy / "Chart.yaml").unlink()
    (copy / "Chart.yaml").write_text(yaml.safe_dump(about))
    before, after = _render(), _render(chart=copy)
    assert _replaced(before, after) == set()
    assert after.documents[0]["metadata"]["labels"]["helm.sh/chart"] == "sightline-9.9.9"


def test_the_topics_job_is_a_new_one_whenever_it_does_something_else(helm_program: Path) -> None:
    """A job cannot be changed: Kubernetes would refuse the upgrade."""

    def name(*settings: str) -> str:
        (job,) = _render(*settings).of_kind("Job")
        return str(job["metadata"]["name"])

    assert name() == name("gateway.replicas=5", "topics.keepSeconds=600")
    assert len({name(), name("image.tag=0.1.1"), name("config.SIGHTLINE_MAX_IMAGE_BYTES=20971520")}) == 3


def test_every_process_has_a_checksum_of_its_settings(renders: dict[str, Render]) -> None:
    for render in renders.values():
        for component, pod in render.pods().items():
            assert (_CHECKSUM in pod.annotations) == (component in {"gateway", "bridge", "classifier", "topics"})
