"""Settings of a cluster: what is refused, with the variable's name, and what follows from them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from sightline_spark.errors import ClassifierError
from sightline_spark.settings import ClassifierSettings
from sightline_spark.topics import _check_cores

SECRET = "x" * 32
SPARK = {"SIGHTLINE_CLASSIFIER_MASTER": "spark://master:7077", "SIGHTLINE_CLASSIFIER_DRIVER_HOST": "driver"}
K8S = {
    "SIGHTLINE_CLASSIFIER_MASTER": "k8s://https://10.0.0.1:443",
    "SIGHTLINE_CLASSIFIER_DRIVER_HOST": "driver",
    "SIGHTLINE_CLASSIFIER_KUBERNETES_NAMESPACE": "default",
    "SIGHTLINE_CLASSIFIER_KUBERNETES_IMAGE": "sightline/classifier",
    "SIGHTLINE_CLASSIFIER_KUBERNETES_POD_NAME": "classifier-0",
}


def settings(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> ClassifierSettings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return ClassifierSettings()


@pytest.mark.parametrize(
    "master",
    ["local", "local[0]", "local-cluster[2,1,1024]", "yarn", "mesos://m:5050", "spark://m", "k8s://m", "spark://m:1/x"],
)
def test_other_masters_are_refused(master: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match=r"classifier_master\n.*must be local\[N\], spark://host:port or k8s://"):
        settings(monkeypatch, {"SIGHTLINE_CLASSIFIER_MASTER": master})


@pytest.mark.parametrize("environment", [SPARK, K8S])
def test_a_cluster_needs_all_of_its_settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    settings(monkeypatch, environment)
    for name in environment.keys() - {"SIGHTLINE_CLASSIFIER_MASTER"}:
        monkeypatch.delenv(name)
        with pytest.raises(ValidationError, match=f"{name} must be set for"):
            ClassifierSettings()
        monkeypatch.setenv(name, environment[name])


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        (SPARK | {"SIGHTLINE_CLASSIFIER_SPARK_SECRET": "short"}, "classifier_spark_secret"),
        (K8S | {"SIGHTLINE_CLASSIFIER_SPARK_SECRET": SECRET}, "SIGHTLINE_CLASSIFIER_SPARK_SECRET has no use"),
        (
            SPARK | {f"SIGHTLINE_CLASSIFIER_SPARK_SECRET{name}": SECRET for name in ("", "_FILE")},
            "only one of SIGHTLINE_CLASSIFIER_SPARK_SECRET, SIGHTLINE_CLASSIFIER_SPARK_SECRET_FILE",
        ),
        (SPARK | {"SIGHTLINE_CLASSIFIER_EXECUTOR_MEMORY": "2"}, "classifier_executor_memory"),
        (SPARK | {"SIGHTLINE_CLASSIFIER_EXECUTORS": "0"}, "classifier_executors"),
        (
            SPARK | {"SIGHTLINE_CLASSIFIER_TRIGGER": "continuous"},
            "SIGHTLINE_CLASSIFIER_EXECUTORS x SIGHTLINE_CLASSIFIER_EXECUTOR_CORES must be at least 4",
        ),
        (
            {"SIGHTLINE_CLASSIFIER_TRIGGER": "continuous", "SIGHTLINE_CLASSIFIER_MASTER": "local[2]"},
            r"SIGHTLINE_CLASSIFIER_MASTER must be at least local\[4\]",
        ),
    ],
)
def test_refuses_what_cannot_work(environment: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match=told) as refusal:
        settings(monkeypatch, environment)

    assert SECRET not in str(refusal.value)


def test_a_continuous_query_needs_a_core_for_each_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the topic has another number than the contract."""
    environment = SPARK | {"SIGHTLINE_CLASSIFIER_TRIGGER": "continuous", "SIGHTLINE_CLASSIFIER_EXECUTOR_CORES": "2"}
    fits = settings(monkeypatch, environment)

    assert fits.task_slots == 4
    _check_cores(fits, 4)
    with pytest.raises(ClassifierError, match=r"set SIGHTLINE_CLASSIFIER_EXECUTORS x .* to 5"):
        _check_cores(fits, 5)


def test_the_secret_comes_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")

    assert settings(monkeypatch, SPARK).read_secret() is None
    assert settings(monkeypatch, {"SIGHTLINE_CLASSIFIER_SPARK_SECRET": SECRET}).read_secret() == SECRET
    monkeypatch.delenv("SIGHTLINE_CLASSIFIER_SPARK_SECRET")
    with_file = settings(monkeypatch, {"SIGHTLINE_CLASSIFIER_SPARK_SECRET_FILE": str(file)})
    assert with_file.read_secret() == SECRET
    file.write_text("short")
    with pytest.raises(ClassifierError, match=r"SIGHTLINE_CLASSIFIER_SPARK_SECRET_FILE=.* at least 32 characters"):
        with_file.read_secret()
    file.unlink()
    with pytest.raises(ClassifierError, match=r"SIGHTLINE_CLASSIFIER_SPARK_SECRET_FILE=.* cannot be read"):
        with_file.read_secret()
