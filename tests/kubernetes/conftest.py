"""One cluster and one release for all tests of the folder."""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from sightline_local.samples import photo
from tests.e2e.system import eventually, post
from tests.kubernetes.cluster import CACHE, ENGINES, GATEWAY, IMAGES, KUBECONFIG, UNAVAILABLE, Release, checked, command

_NAMESPACE: Final = "sightline-test"
# The cluster itself refuses every pod that is not restricted, those of Spark included.
_MANIFEST: Final = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: {_NAMESPACE}, labels: {{pod-security.kubernetes.io/enforce: restricted}}}}
"""
_CLAIMS: Final = 2  # persistent volumes of a release: the broker's and the checkpoint's


@dataclass(frozen=True, slots=True)
class Installed:
    """A release, its first photo's result, and seconds from `helm install` to its end and to that result."""

    release: Release
    ready_s: float
    label_s: float
    result: dict[str, Any]


def _script(*arguments: str) -> None:
    done = command(ENGINES / "kubernetes.sh", *arguments)
    if done.returncode == UNAVAILABLE:
        pytest.skip(done.stderr.strip())
    checked(done)


def _require_built() -> None:
    if not (CACHE / "bin" / "helm").exists():
        pytest.skip("helm is not built: make test-kubernetes")
    if not any(CACHE.glob("kubernetes-v*/pause")):
        pytest.skip("Kubernetes is not built: make test-kubernetes")
    if missing := [name for name in IMAGES if command("docker", "image", "inspect", name).returncode]:
        pytest.skip(f"missing images, or no Docker engine to have them: {', '.join(missing)}: make images")


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A cluster with the images in it: the one that runs already, or one for this session."""
    _require_built()
    found = KUBECONFIG.exists()
    try:
        _script("up")
        _script("load", *IMAGES)
        yield
    finally:
        if not found:
            checked(command(ENGINES / "kubernetes.sh", "down"))


@pytest.fixture(scope="session")
def installed(cluster: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """The chart, installed as a user would, and a photo classified at once."""
    release = Release("sightline", _NAMESPACE, tmp_path_factory.mktemp("helm"))
    release.kubectl("delete", "namespace", _NAMESPACE, "--ignore-not-found")  # what a killed run left
    _script("volumes", str(_CLAIMS))
    checked(release.kubectl("apply", "-f", "-", stdin=_MANIFEST))
    sample = photo("flower.jpg")  # loads scikit-learn, which takes seconds that are not the chart's
    try:
        started = time.monotonic()
        done = release.install()
        assert done.returncode == 0, f"{done.stderr}\n{release.diagnosis()}"
        ready_s = time.monotonic() - started
        with httpx.Client(base_url=GATEWAY, timeout=70, trust_env=False) as http:
            answer = post(http, sample, wait_s=60, model="efficientnet-lite0")
        assert answer.status_code == 200, f"{answer.text}\n{release.diagnosis()}"
        yield Installed(release, ready_s, time.monotonic() - started, answer.json())
        _assert_uninstalls(release)
    finally:
        checked(release.kubectl("delete", "namespace", _NAMESPACE))


def _assert_uninstalls(release: Release) -> None:
    checked(release.helm("uninstall", "--wait"))
    eventually(lambda: not release.pods(), 90, "the end of all pods after `helm uninstall`")


@pytest.fixture
def release(installed: Installed) -> Release:
    """The release. Tests may break it, but leave it running and healthy."""
    return installed.release


@pytest.fixture
def http(installed: Installed) -> Iterator[httpx.Client]:
    """A client of the release's gateways."""
    with httpx.Client(base_url=GATEWAY, timeout=70, trust_env=False) as client:
        yield client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What goes on in the cluster, beside a failed test's own words."""
    report = yield
    found = getattr(item, "funcargs", {}).get("installed") or getattr(item, "funcargs", {}).get("release")
    if report.when == "call" and report.failed and found:
        release = found if isinstance(found, Release) else found.release
        report.sections.append(("The release", release.diagnosis()))
    return report
