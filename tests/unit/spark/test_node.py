"""Master and worker as the classifier's settings make them."""

import subprocess
from pathlib import Path

import pytest

from sightline_spark.errors import ClassifierError
from sightline_spark.node import NodeSettings, node_command, node_environment

SECRET = "x" * 32


def settings(**others: object) -> NodeSettings:
    return NodeSettings.model_validate({"classifier_master": "spark://127.0.0.1:7077", **others})


def test_a_master_listens_where_the_classifier_looks_for_it() -> None:
    command = node_command("master", settings())

    assert Path(command[0]).is_file()
    assert command[1:6] == ["org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", "7077"]


def test_a_worker_offers_what_the_classifier_asks_for() -> None:
    command = node_command(
        "worker",
        settings(classifier_executors=3, classifier_executor_cores=2, classifier_executor_memory="1g"),
    )

    assert command[command.index("--cores") + 1] == "6"
    assert command[command.index("--memory") + 1] == "3072M"
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[-1] == "spark://127.0.0.1:7077"
    assert Path(command[command.index("--work-dir") + 1]).is_dir()
    assert settings(classifier_executor_memory="700m").worker_memory_mib == 1400


def test_a_worker_is_found_at_the_address_that_leads_to_the_master(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's name is 127.0.1.1 on Debian: the driver looked for the executors on its own machine."""
    addresses = subprocess.run(["hostname", "-I"], check=True, capture_output=True, text=True).stdout.split()
    own = next((address for address in addresses if ":" not in address), None)
    if own is None:
        pytest.skip("this machine has no network")
    monkeypatch.setattr("socket.gethostbyname", lambda _: "127.0.1.1")
    command = node_command("worker", settings(classifier_master=f"spark://{own}:7077"))

    assert command[command.index("--host") + 1] == own


def test_a_worker_whose_master_has_no_address_says_so() -> None:
    with pytest.raises(ClassifierError, match=r"there is no way to master\.invalid"):
        node_command("worker", settings(classifier_master="spark://master.invalid:7077"))


def test_the_secret_is_in_the_environment_alone() -> None:
    environment = node_environment("worker", settings(classifier_spark_secret=SECRET), None)

    assert [name for name, value in environment.items() if SECRET in value] == ["_SPARK_AUTH_SECRET"]
    assert "-Dspark.authenticate=true" in environment["SPARK_DAEMON_JAVA_OPTS"].split()
    assert SECRET not in " ".join(node_command("worker", settings(classifier_spark_secret=SECRET)))
    assert "authenticate" not in str(node_environment("worker", settings(), None))


def test_a_master_with_a_folder_remembers(tmp_path: Path) -> None:
    options = node_environment("master", settings(), tmp_path)["SPARK_DAEMON_JAVA_OPTS"].split()

    assert "-Dspark.deploy.recoveryMode=FILESYSTEM" in options
    assert f"-Dspark.deploy.recoveryDirectory={tmp_path}" in options
    assert "recovery" not in node_environment("master", settings(), None)["SPARK_DAEMON_JAVA_OPTS"]


def test_a_node_asks_nothing_of_kafkas_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker shares the classifier's environment, but not the files that it names."""
    monkeypatch.setenv("SIGHTLINE_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("SIGHTLINE_KAFKA_PASSWORD_FILE", "/of/another/container")

    assert node_command("worker", settings())


@pytest.mark.parametrize("master", [None, "local[2]", "k8s://https://api", "spark://a:1,b:2"])
def test_a_node_needs_one_standalone_master(master: str | None) -> None:
    with pytest.raises(ClassifierError, match=r"SIGHTLINE_CLASSIFIER_MASTER=.* must be spark://host:port"):
        node_command("master", settings(classifier_master=master))
