"""Reading manifests: documents, pods and containers in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

Document = dict[str, Any]
_TEMPLATED = ("Deployment", "StatefulSet", "Job")


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod as it will run: its labels and its spec; `name` says where it comes from."""

    name: str
    labels: dict[str, str]
    annotations: dict[str, str]
    spec: dict[str, Any]

    @property
    def component(self) -> str:
        """The process that runs in it."""
        return self.labels["app.kubernetes.io/component"]

    def containers(self) -> list[dict[str, Any]]:
        """Every container, those that run first included."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    def read_only_folders(self) -> set[str]:
        """Where volumes are mounted for reading only."""
        mounts = [mount for container in self.containers() for mount in container.get("volumeMounts", [])]
        return {mount["mountPath"] for mount in mounts if mount.get("readOnly")}


@dataclass(frozen=True, slots=True)
class Render:
    """The documents that the chart renders to."""

    documents: tuple[Document, ...]

    def of_kind(self, kind: str) -> list[Document]:
        """The documents of one kind."""
        return [document for document in self.documents if document["kind"] == kind]

    def named(self, kind: str, name: str) -> Document:
        """The only document of that kind and name."""
        (found,) = [document for document in self.of_kind(kind) if document["metadata"]["name"] == name]
        return found

    def pods(self) -> dict[str, Pod]:
        """Every pod that comes of it, by its process: executors and the test's too."""
        return {pod.component: pod for pod in self._pods()}

    def _pods(self) -> Iterator[Pod]:
        for document in self.documents:
            if document["kind"] in _TEMPLATED:
                yield _pod(document["metadata"]["name"], document["spec"]["template"])
            elif document["kind"] == "Pod":
                yield _pod(document["metadata"]["name"], document)
            elif document["kind"] == "ConfigMap" and "executor.yaml" in document["data"]:
                yield _pod(document["metadata"]["name"], yaml.safe_load(document["data"]["executor.yaml"]))

    def settings(self, pod: Pod) -> dict[str, str]:
        """The variables that a pod's processes get from ConfigMaps."""
        found: dict[str, str] = {}
        for source in (source for container in pod.containers() for source in container.get("envFrom", [])):
            found |= self.named("ConfigMap", source["configMapRef"]["name"])["data"]
        return found


def parse(text: str) -> Render:
    """Manifests as Helm prints them."""
    return Render(tuple(document for document in yaml.safe_load_all(text) if document))


def _pod(name: str, template: Document) -> Pod:
    metadata = template["metadata"]
    return Pod(name, metadata["labels"], metadata.get("annotations", {}), template["spec"])
