"""The profile `secure`: the same labels over TLS, every client a user of its own, and nobody else let in."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final
from uuid import uuid4

import docker
import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from sightline_bridge.framing import FRAMINGS
from sightline_bridge.sender import send_frames
from sightline_common.kafka_client import CannotConnect
from sightline_common.settings import KafkaSettings
from sightline_contracts.topics import RESULTS
from sightline_local.samples import digit
from tests.docker.leftovers import project_name
from tests.docker.project import ROOT, Project, up_until_first_label
from tests.e2e.system import eventually

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

SECURE: Final = ROOT / "deploy/compose/secure.env"
USERS: Final = ("topics", "gateway", "bridge", "classifier")
SECRETS: Final = "/run/sightline/kafka"


@pytest.fixture(scope="module")
def secure(
    engine: docker.DockerClient, compose_plugin: None, run: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """All of the profile, on volumes of its own, after its first label."""
    running = Project.in_folder(project_name(run, "secure"), tmp_path_factory.mktemp("secure"), engine)
    with up_until_first_label(running, SECURE) as seconds:
        print(f"FIGURE compose-secure-first-label {seconds:.1f} s goal <= 120")  # noqa: T201
        yield running


@pytest.fixture(scope="module")
def bridge(secure: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Settings of a client on the host that is the user `bridge`."""
    authority = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.write_bytes(_read(secure, "bridge", "ca.pem"))
    return {
        **_host(secure),
        "kafka_security_protocol": "SASL_SSL",
        "kafka_username": "bridge",
        "kafka_password": _read(secure, "bridge", "password").decode().strip(),
        "kafka_ca_file": authority,
    }


def _host(secure: Project) -> dict[str, Any]:
    return {"kafka_bootstrap_servers": f"127.0.0.1:{secure.port('KAFKA_PORT')}"}


def _read(secure: Project, service: str, name: str) -> bytes:
    """A file of the service's secrets, as its process can read it."""
    status, content = secure.container(service).exec_run(["cat", f"{SECRETS}/{name}"])
    assert status == 0, content
    return bytes(content)


def test_a_frame_over_tcp_gets_its_label(secure: Project) -> None:
    name = f"tcp-{uuid4().hex[:20]}"
    send_frames(secure.bridge, [(name, digit(42).data)], FRAMINGS["fixed28"])
    with secure.http() as http:
        shown = eventually(
            lambda: [image for image in http.get("/v1/images").json()["images"] if image["name"] == name],
            60,
            "a result",
        )
    assert shown[0]["predictions"][0]["label"] == digit(42).name.split("-")[1]


def test_a_client_without_credentials_is_refused(secure: Project, bridge: dict[str, Any]) -> None:
    nobody = {"kafka_username": None, "kafka_password": None}
    for changes in (
        {**nobody, "kafka_ca_file": None, "kafka_security_protocol": "PLAINTEXT"},
        {**nobody, "kafka_security_protocol": "SSL"},
        {"kafka_password": "guessed"},
        {"kafka_username": "administrator"},
    ):
        options = KafkaSettings(**{**bridge, **changes}).client_options()
        with pytest.raises(CannotConnect):
            KafkaAdminClient(**options, bootstrap_timeout_ms=3000)


def test_a_user_has_its_own_rights_only(bridge: dict[str, Any]) -> None:
    options = KafkaSettings(**bridge).client_options()
    with closing(KafkaAdminClient(**options)) as admin:
        assert {topic["name"] for topic in admin.describe_topics()} == {"images"}
    producer = KafkaProducer(**options, acks="all", max_block_ms=10_000)
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            producer.send(RESULTS, b"forged").get(20)
    finally:
        producer.close(timeout=5)


def test_the_network_inside_is_not_trusted_either(secure: Project) -> None:
    """A container beside the broker gets no further than one on the host."""
    probe = (
        "from kafka import KafkaAdminClient\n"
        "KafkaAdminClient(bootstrap_servers='kafka:{port}', bootstrap_timeout_ms=2000)"
    )
    for port in (9092, 19092, 19093):
        status, said = secure.container("gateway").exec_run(["python", "-c", probe.format(port=port)])
        assert status == 1
        assert b"Unable to bootstrap" in said


def test_the_runbooks_commands_reach_a_secured_kafka(secure: Project) -> None:
    """docs/operations.md had one function for all, which spoke to a port that refused it."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    function = re.search(r"^kafka\(\) \{\n.*?^\}\n", text, re.MULTILINE | re.DOTALL)
    assert function
    script = f"{function[0]}\nkafka kafka-topics.sh --describe --topic images"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env={**os.environ, "COMPOSE_PROJECT_NAME": secure.name, "COMPOSE_ENV_FILES": f"{SECURE},{secure.settings}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "PartitionCount: 4" in done.stdout


def test_each_container_sees_its_own_secrets_only(secure: Project) -> None:
    passwords = set()
    for service in ("gateway", "bridge", "classifier"):
        status, names = secure.container(service).exec_run(["ls", SECRETS])
        assert (status, names.split()) == (0, [b"ca.pem", b"password"])
        passwords.add(_read(secure, service, "password"))
    assert len(passwords) == 3


def test_no_secret_is_in_logs_or_in_what_docker_tells(secure: Project) -> None:
    passwords = [_read(secure, service, "password").decode().strip() for service in ("gateway", "bridge", "classifier")]
    for service in (*USERS, "kafka", "access", "certificates"):
        told = f"{secure.container(service).attrs}{secure.logs(service)}"
        assert not [password for password in passwords if password in told], service
        assert "PRIVATE KEY" not in told


def test_the_jobs_are_confined(secure: Project) -> None:
    for service, more in {"access": None, "certificates": ["CHOWN"]}.items():
        host = secure.container(service).attrs["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert [right.removeprefix("CAP_") for right in host["CapAdd"] or []] == (more or [])
    assert secure.container("certificates").attrs["HostConfig"]["NetworkMode"] == "none"


def test_passwords_are_kept_until_they_are_renewed(secure: Project, bridge: dict[str, Any]) -> None:
    secure.compose("up", "--wait", "--no-build", files=(SECURE,))
    assert _read(secure, "bridge", "password").decode().strip() == bridge["kafka_password"]

    secure.compose("run", "--rm", "--no-deps", "certificates", "/out", "--renew", files=(SECURE,))
    secure.compose("up", "--wait", "--no-build", "--force-recreate", files=(SECURE,))

    assert _read(secure, "bridge", "password").decode().strip() != bridge["kafka_password"]
    with pytest.raises(KafkaError):
        KafkaAdminClient(**KafkaSettings(**bridge).client_options(), bootstrap_timeout_ms=3000)
