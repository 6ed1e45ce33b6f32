"""docs/examples/kubernetes-batch.yaml: `ImageClassifier` in a job of a user's own, on executor pods."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline_local.samples import photo
from tests.kubernetes.cluster import ROOT, TAG, Release, checked

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(400)]

MANIFEST = ROOT / "docs" / "examples" / "kubernetes-batch.yaml"
# The cluster itself refuses every pod that is not restricted, executors included.
NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: sightline-batch, labels: {pod-security.kubernetes.io/enforce: restricted}}
"""


@pytest.fixture
def namespace(cluster: None, tmp_path: Path) -> Iterator[Release]:
    """A namespace without a release: the job needs none."""
    empty = Release("batch", "sightline-batch", tmp_path)
    checked(empty.kubectl("apply", "-f", "-", stdin=NAMESPACE))
    try:
        yield empty
    finally:
        checked(empty.kubectl("delete", "namespace", "sightline-batch"))


def test_a_batch_job_classifies_on_executor_pods(namespace: Release, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("china.jpg", "flower.jpg"):
        (photos / name).write_bytes(photo(name).data)
    (photos / "notes.txt").write_text("no image")
    manifest = MANIFEST.read_text(encoding="utf-8").replace("sightline/classifier:0.1.0", f"sightline/classifier:{TAG}")
    checked(namespace.kubectl("create", "configmap", "photos", f"--from-file={photos}"))
    checked(namespace.kubectl("apply", "-f", "-", stdin=manifest))
    done = namespace.kubectl("wait", "--for=condition=complete", "--timeout=300s", "job/classify-photos")
    said = namespace.kubectl("logs", "job/classify-photos").stdout
    assert done.returncode == 0, f"{done.stderr}\n{said}\n{namespace.diagnosis()}"
    lines = [line.split() for line in said.splitlines()]
    assert ["china.jpg", "palace", "efficientnet-lite0@1", "None"] in lines
    assert ["flower.jpg", "daisy", "efficientnet-lite0@1", "None"] in lines
    assert ["notes.txt", "None", "None", "unsupported-type"] in lines
