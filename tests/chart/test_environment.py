"""What the chart sets is what the processes read: their own settings classes judge every rendered environment."""

import subprocess
from pathlib import Path

import pytest

from sightline_common.settings import PREFIX
from sightline_gateway.guard.callers import Scope
from sightline_gateway.guard.keys import make_key
from tests.chart.renders import Pod, Render
from tools.chart.golden import value_files
from tools.chart.model.config import PROCESSES, all_settings

_MOUNTED = "/etc/sightline/"


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the mounted Secrets hold, by file: the settings look whether it is a certificate and its key."""
    folder = tmp_path_factory.mktemp("secrets")
    key, certificate = folder / "tls.key", folder / "tls.crt"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=t"]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    keys = make_key("stand-in", frozenset(Scope))[1].line()
    return {
        "keys": keys,
        "tls.key": key.read_text(),
        "tls.crt": certificate.read_text(),
        "ca.crt": certificate.read_text(),
    }


def _environment(render: Render, pod: Pod) -> dict[str, str]:
    """The variables of a pod as its process sees them; secrets and fields get a stand-in."""
    variables = [variable for container in pod.containers() for variable in container.get("env", [])]
    return render.settings(pod) | {variable["name"]: variable.get("value", "stand-in") for variable in variables}


@pytest.mark.parametrize("name", value_files())
def test_every_variable_is_a_setting_of_its_process(name: str, renders: dict[str, Render]) -> None:
    for component, pod in renders[name].pods().items():
        ours = {variable for variable in _environment(renders[name], pod) if variable.startswith(PREFIX)}
        assert ours <= set(all_settings()), component
        if component in PROCESSES:
            fields = {f"{PREFIX}{field.upper()}" for field in PROCESSES[component].model_fields}
            unread = {variable for variable in ours if variable not in fields}
            assert not unread - set(renders[name].settings(pod)), component


@pytest.mark.parametrize("name", value_files())
def test_processes_accept_their_environment(
    name: str, renders: dict[str, Render], secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Combinations too: the settings classes refuse a password without a user, an interval without its trigger."""
    started = set()
    for component, pod in renders[name].pods().items():
        if component not in PROCESSES:
            continue
        with monkeypatch.context() as process:
            for variable, value in _environment(renders[name], pod).items():
                process.setenv(variable, _as_mounted(value, pod, tmp_path, secrets))
            settings = PROCESSES[component]()
        assert getattr(settings, "kafka_bootstrap_servers", "").count(":") >= 1
        started.add(component)
    assert {"gateway", "classifier"} <= started


def _as_mounted(value: str, pod: Pod, folder: Path, secrets: dict[str, str]) -> str:
    """A file that the pod will have mounted, as a file that is here."""
    if not value.startswith(_MOUNTED):
        return value
    path = Path(value)
    assert str(path.parent) in pod.read_only_folders(), f"{pod.name} does not mount {path.parent}"
    file = folder / value.removeprefix(_MOUNTED)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(secrets.get(path.name, "stand-in"))
    return str(file)


def test_executors_get_neither_settings_nor_secrets(renders: dict[str, Render]) -> None:
    """The driver hands them what they need with each task; a Secret that they mounted would only be one more copy."""
    executors = [pods["executor"] for pods in (render.pods() for render in renders.values()) if "executor" in pods]
    assert len(executors) >= 3
    for executor in executors:
        assert not [volume for volume in executor.spec["volumes"] if "secret" in volume or "projected" in volume]
        assert not [container for container in executor.containers() if "envFrom" in container]
