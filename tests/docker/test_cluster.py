"""Profile cluster: a worker's executor classifies, the driver only plans; the worker's death loses nothing."""

import json
from collections.abc import Iterator

import docker
import pytest

from tests.docker.leftovers import project_name
from tests.docker.project import ROOT, Project, classify_photo, up_until_first_label
from tests.e2e.system import eventually
from tests.traffic import assert_nothing_lost, traffic

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

CLUSTER = ROOT / "deploy" / "compose" / "cluster.env"
OF_SPARK = ("spark-secret", "spark-master", "spark-worker")


@pytest.fixture(scope="module")
def cluster(
    engine: docker.DockerClient, compose_plugin: None, run: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """The profile with one executor, ready."""
    name, folder = project_name(run, "cluster"), tmp_path_factory.mktemp("cluster")
    small = {
        "SIGHTLINE_CLASSIFIER_EXECUTORS": "1",
        "SIGHTLINE_CLASSIFIER_EXECUTOR_MEMORY": "1g",
        "SIGHTLINE_CLASSIFIER_DRIVER_MEMORY": "1g",
    }
    running = Project.in_folder(name, folder, engine, **small)
    with up_until_first_label(running, CLUSTER) as seconds:
        print(f"FIGURE compose-cluster-first-label {seconds:.1f} s")  # noqa: T201
        yield running


def test_the_worker_classifies_and_the_driver_does_not(cluster: Project) -> None:
    with cluster.http() as http:
        assert classify_photo(http)["predictions"][0]["label"] == "palace"
    said = [json.loads(line) for line in cluster.logs("spark-worker").splitlines() if line.startswith("{")]
    loaded = [line["service"] for line in said if line["message"].startswith("Loaded model efficientnet-lite0@")]
    assert loaded == ["executor"]
    assert "Loaded model" not in cluster.logs("classifier")


def test_the_containers_of_spark_are_confined(cluster: Project) -> None:
    for service in OF_SPARK:
        attributes = cluster.container(service).attrs
        assert attributes["Config"]["User"] == "10001:10001", service
        host = attributes["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert host["Memory"] > 0, service
        assert host["PidsLimit"] > 0, service
        assert not any((attributes["NetworkSettings"]["Ports"] or {}).values()), service


def test_the_secret_is_made_here_and_shown_nowhere(cluster: Project) -> None:
    secret = cluster.container("spark-worker").exec_run(["cat", "/run/sightline/spark/secret"]).output.decode()
    assert len(secret) == 64
    assert int(secret, 16) > 0
    for service in (*OF_SPARK, "classifier"):
        container = cluster.container(service)
        assert secret not in json.dumps(container.attrs), service
        assert secret not in cluster.logs(service), service
    listed = (
        cluster.container("spark-worker")
        .exec_run(["bash", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"])
        .output.decode()
    )
    assert "CoarseGrainedExecutorBackend" in listed
    assert secret not in listed


@pytest.mark.usefixtures("needs_root")
@pytest.mark.parametrize("service", ["spark-worker", "spark-master"])
def test_a_killed_container_comes_back_and_loses_nothing(cluster: Project, service: str) -> None:
    """Kill -9 of its first process, and with the worker's its executor dies in the middle of a batch."""
    before = cluster.container(service).attrs["RestartCount"]
    with traffic(cluster.url, cluster.bridge) as ledger:
        ledger.await_more(uploads=20, frames=20)
        cluster.kill(service)
        eventually(lambda: cluster.container(service).attrs["RestartCount"] > before, 60, f"a new {service}")
        ledger.await_more(uploads=50, frames=20)
    assert_nothing_lost(ledger, cluster.results)
    cluster.await_healthy("classifier")
    with cluster.http() as http:
        assert classify_photo(http)["status"] == "classified"
