"""API keys: their file, the command that makes them, and when the gateway may run without."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from sightline_gateway.guard.callers import Scope, is_public, needed_scope
from sightline_gateway.guard.keys import KeyFile, make_key, parse_keys
from sightline_gateway.settings import GatewaySettings

BOTH = frozenset({Scope.UPLOAD, Scope.READ})


class Clock:
    """Time as a test sets it."""

    now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def test_a_key_is_known_by_its_hash_alone(tmp_path: Path) -> None:
    key, entry = make_key("camera 7", BOTH)
    file = tmp_path / "keys"
    file.write_text(f"# cameras\n\n{entry.line()}\n")
    assert key not in file.read_text()
    assert key.rpartition("_")[2] not in file.read_text()
    known = KeyFile(file)
    assert known.find(key) == entry.caller
    assert entry.caller.name == "camera 7"
    assert known.find(key[:-1] + ("A" if key[-1] != "A" else "B")) is None
    assert known.find(f"sightline_{entry.caller.id}_") is None
    assert known.find("sightline_00000000_" + key[19:]) is None
    assert known.find("") is None


def test_a_changed_file_is_read_again_and_a_broken_one_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (old_key, old), (new_key, new) = make_key("old", BOTH), make_key("new", BOTH)
    file, clock = tmp_path / "keys", Clock()
    file.write_text(old.line())
    known = KeyFile(file, clock)
    file.write_text(f"# rotated\n{new.line()}")
    assert known.find(old_key) == old.caller  # within the second that revoking may take
    clock.now = 1.0
    assert known.find(old_key) is None
    assert known.find(new_key) == new.caller
    file.write_text("half a li")
    clock.now = 2.0
    assert known.find(new_key) == new.caller
    clock.now = 3.0
    assert known.find(new_key) == new.caller
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    file.unlink()
    clock.now = 4.0
    assert known.find(new_key) == new.caller


@pytest.mark.parametrize(
    "line",
    ["camera", "3f9c2a1b abc upload x", f"3f9c2a1b {'a' * 64} write x", f"3f9c2a1b {'a' * 64} upload"],
)
def test_a_line_of_something_else_is_refused_by_its_number(line: str) -> None:
    with pytest.raises(ValueError, match="line 2") as error:
        parse_keys(f"# keys\n{line}")
    assert "a" * 64 not in str(error.value)


def test_an_id_is_there_once() -> None:
    line = make_key("twice", BOTH)[1].line()
    with pytest.raises(ValueError, match="line 2"):
        parse_keys(f"{line}\n{line}")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/v1/images", Scope.UPLOAD),
        ("GET", "/v1/images", Scope.READ),
        ("GET", "/v1/results/stream", Scope.READ),
        ("GET", "/metrics", Scope.ADMIN),
        ("DELETE", "/v1/images/x", Scope.ADMIN),
        ("POST", "/console/x", Scope.UPLOAD),
        ("GET", "/nobody/thought/of/it", Scope.READ),
        ("POST", "/v1/session", None),
    ],
)
def test_what_calls_need(method: str, path: str, scope: Scope | None) -> None:
    assert not is_public(method, path)
    assert needed_scope(method, path) == scope


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/console/js/main.js", "/problems/empty"])
def test_pages_and_probes_are_for_everybody(path: str) -> None:
    assert is_public("GET", path)


def sightline_key(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as people run it."""
    command = [sys.executable, "-m", "sightline_gateway.guard.make_key", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_makes_keys_that_the_file_knows(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# by hand, without a line's end")
    first = sightline_key("camera 7", "--file", str(file), "--scopes", "upload")
    second = sightline_key("console", "--file", str(file))
    known = KeyFile(file)
    found = [known.find(done.stdout.strip()) for done in (first, second)]
    assert [(caller.name, caller.scopes) for caller in found if caller] == [
        ("camera 7", frozenset({Scope.UPLOAD})),
        ("console", BOTH),
    ]


def test_a_file_that_the_command_makes_is_its_owners_alone(tmp_path: Path) -> None:
    """It lay open to everybody; one that was opened on purpose stays so."""
    file = tmp_path / "keys"
    assert sightline_key("first", "--file", str(file)).returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    assert sightline_key("second", "--file", str(file)).returncode == 0
    assert file.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("arguments", [("x", "--scopes", "write"), ("x\ny",), (" ",)])
def test_the_command_refuses_what_would_break_the_file(arguments: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "keys"
    assert sightline_key(*arguments, "--file", str(file)).returncode == 2
    assert not file.exists()


def test_the_command_leaves_a_file_of_something_else_alone(tmp_path: Path) -> None:
    file = tmp_path / "passwd"
    file.write_text("root:x:0:0\n")
    assert sightline_key("x", "--file", str(file)).returncode == 2
    assert file.read_text() == "root:x:0:0\n"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_on_its_own_machine_the_gateway_needs_no_keys(host: str) -> None:
    assert not GatewaySettings(gateway_host=host).identifies


@pytest.mark.parametrize("changes", [{"gateway_host": "0.0.0.0"}, {"gateway_exposed_on": "10.0.0.7"}])
def test_beyond_it_keys_or_a_word_are_needed(changes: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="SIGHTLINE_GATEWAY_KEYS_FILE or SIGHTLINE_GATEWAY_OIDC_ISSUER is needed"):
        GatewaySettings(**changes)  # type: ignore[arg-type]
    keys = tmp_path / "keys"
    keys.write_text(make_key("x", BOTH)[1].line())
    assert GatewaySettings(**changes, gateway_keys_file=keys).identifies  # type: ignore[arg-type]
    assert not GatewaySettings(**changes, gateway_open_access=True).identifies  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="OPEN_ACCESS"):
        GatewaySettings(gateway_keys_file=keys, gateway_open_access=True)


def test_a_container_published_on_its_host_alone_needs_no_keys() -> None:
    assert not GatewaySettings(gateway_host="0.0.0.0", gateway_exposed_on="127.0.0.1").identifies


def test_a_missing_or_foreign_file_of_keys_is_refused_at_start(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    with pytest.raises(ValidationError, match=r"KEYS_FILE=.* cannot be used: No such file"):
        GatewaySettings(gateway_keys_file=file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ValidationError, match="not UTF-8"):
        GatewaySettings(gateway_keys_file=file)
