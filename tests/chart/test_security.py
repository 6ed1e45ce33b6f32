"""Every pod of every render obeys Kubernetes' restricted standard, and no secret is written into a manifest."""

import re
from typing import Any

import pytest

from tests.chart.renders import Pod, Render
from tools.chart.golden import value_files

USER = 10001
_SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY\b", re.IGNORECASE)
# By the restricted standard a pod may have these volumes and no others.
_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}

pytestmark = pytest.mark.parametrize("name", value_files())


def _pods(renders: dict[str, Render], name: str) -> list[Pod]:
    pods = renders[name].pods()
    assert {"gateway", "classifier", "test"} <= set(pods)
    return list(pods.values())


def test_no_pod_runs_as_root_or_gains_rights(name: str, renders: dict[str, Render]) -> None:
    for pod in _pods(renders, name):
        security = pod.spec["securityContext"]
        assert security["runAsNonRoot"] is True, pod.name
        assert (security["runAsUser"], security["runAsGroup"], security["fsGroup"]) == (USER, USER, USER), pod.name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, pod.name
        for container in pod.containers():
            _assert_restricted(container["securityContext"], f"{pod.name}/{container['name']}")


def _assert_restricted(security: dict[str, Any], where: str) -> None:
    assert security["allowPrivilegeEscalation"] is False, where
    assert security["readOnlyRootFilesystem"] is True, where
    assert security["capabilities"] == {"drop": ["ALL"]}, where
    assert security.get("privileged", False) is False, where
    assert "runAsUser" not in security, where


def test_pods_share_nothing_with_their_node(name: str, renders: dict[str, Render]) -> None:
    for pod in _pods(renders, name):
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod.spec), pod.name
        kinds = {kind for volume in pod.spec.get("volumes", []) for kind in volume if kind != "name"}
        assert kinds <= _VOLUMES, pod.name
        ports = [port for container in pod.containers() for port in container.get("ports", [])]
        assert not [port for port in ports if "hostPort" in port], pod.name


def test_only_a_driver_of_executors_gets_a_token(name: str, renders: dict[str, Render]) -> None:
    render = renders[name]
    with_token = {
        pod.component for pod in _pods(renders, name) if pod.spec["automountServiceAccountToken"] is not False
    }
    executors = "executor" in render.pods()
    assert with_token == ({"classifier"} if executors else set())
    assert bool(render.of_kind("Role")) == executors
    assert not render.of_kind("ClusterRole")
    for role in render.of_kind("Role"):
        for rule in role["rules"]:
            assert rule["resources"] == ["pods"]
            assert set(rule["verbs"]) == {"get", "list", "watch", "create", "delete", "deletecollection"}
    accounts = {pod.component: pod.spec["serviceAccountName"] for pod in _pods(renders, name)}
    if executors:
        assert accounts["executor"] != accounts["classifier"]


def test_pods_see_no_variables_of_services(name: str, renders: dict[str, Render]) -> None:
    """A release named sightline would set SIGHTLINE_GATEWAY_PORT=tcp://..., which the gateway reads as its port."""
    assert all(pod.spec["enableServiceLinks"] is False for pod in _pods(renders, name))


def test_images_are_fixed(name: str, renders: dict[str, Render]) -> None:
    for pod in _pods(renders, name):
        for container in pod.containers():
            if pod.component == "executor" and container["name"] == "executor":
                continue  # Spark fills it in
            image = container["image"]
            assert re.search(r":[\w][\w.-]*$|@sha256:[0-9a-f]{64}$", image), image
            assert not image.endswith(":latest"), image


def test_every_container_has_a_share_and_a_limit(name: str, renders: dict[str, Render]) -> None:
    for pod in _pods(renders, name):
        for container in pod.containers():
            if pod.component == "executor" and container["name"] == "executor":
                continue  # Spark derives it from the executor's cores and memory
            resources = container["resources"]
            assert {"cpu", "memory"} <= set(resources["requests"]), pod.name
            assert "memory" in resources["limits"], pod.name


def test_every_writable_folder_is_bounded(name: str, renders: dict[str, Render]) -> None:
    for pod in _pods(renders, name):
        empty = [volume["emptyDir"] for volume in pod.spec.get("volumes", []) if "emptyDir" in volume]
        assert empty, pod.name
        assert all(folder.get("sizeLimit") for folder in empty), pod.name
        mounts = {mount["mountPath"] for container in pod.containers() for mount in container["volumeMounts"]}
        assert "/tmp" in mounts, pod.name


def test_no_secret_is_written_out(name: str, renders: dict[str, Render]) -> None:
    """Secrets come from Secrets that exist: none is made of values, none stands in a variable or a ConfigMap."""
    render = renders[name]
    assert not render.of_kind("Secret")
    for pod in _pods(renders, name):
        variables = [variable for container in pod.containers() for variable in container.get("env", [])]
        plain = {variable["name"]: variable["value"] for variable in variables if "value" in variable}
        plain |= render.settings(pod)
        exposed = {key for key, value in plain.items() if _SECRET_NAME.search(key) and not value.startswith("/")}
        assert not exposed, pod.name


def test_processes_say_how_they_are(name: str, renders: dict[str, Render]) -> None:
    for component in ("gateway", "bridge", "classifier"):
        pod = renders[name].pods().get(component)
        if pod is None:
            continue
        (container,) = pod.spec["containers"]
        ports = {port["name"] for port in container["ports"]}
        for probe, path in {
            "startupProbe": "/healthz",
            "livenessProbe": "/healthz",
            "readinessProbe": "/readyz",
        }.items():
            assert container[probe]["httpGet"]["path"] == path, component
            assert container[probe]["httpGet"]["port"] in ports, component
