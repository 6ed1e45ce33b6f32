"""Writes an image archive that holds one program, to standard output: `pause_image.py PROGRAM NAME`."""

import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"


def _archive(files: dict[str, bytes], mode: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def image(program: bytes, name: str) -> bytes:
    """An OCI archive (tar) of an image `name` with one layer, whose entry point is `program` as /pause."""
    blobs: dict[str, bytes] = {}

    def stored(media_type: str, content: bytes) -> dict[str, Any]:
        blobs[f"blobs/sha256/{_digest(content).partition(':')[2]}"] = content
        return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}

    layer = stored(_LAYER, _archive({"pause": program}, 0o755))
    settings = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/pause"]},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    }
    config = stored(_CONFIG, json.dumps(settings).encode())
    body = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": [layer]}
    manifest = stored(_MANIFEST, json.dumps(body).encode())
    manifest["annotations"] = {"io.containerd.image.name": name}
    index = json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode()
    layout = json.dumps({"imageLayoutVersion": "1.0.0"}).encode()
    return _archive({"oci-layout": layout, "index.json": index, **blobs}, 0o644)


if __name__ == "__main__":
    sys.stdout.buffer.write(image(Path(sys.argv[1]).read_bytes(), sys.argv[2]))
