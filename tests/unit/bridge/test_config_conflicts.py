"""Sources that get in each other's way, and files that they cannot use: said when the configuration is read."""

import shutil
import socket
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from sightline_bridge.config_conflicts import Listener
from sightline_bridge.config_file import load_config, read_config
from sightline_bridge.errors import ConfigError, StartError
from sightline_bridge.guard.certificates import listening
from sightline_bridge.guard.config import ListenTls
from sightline_bridge.settings import BridgeSettings
from sightline_bridge.sources.udp_socket import UdpSocket
from tests.unit.bridge.authority import Authority


def problems(tmp_path: Path, *sources: str) -> list[str]:
    """What is said of a file with `sources`, without its path; nothing when it is taken."""
    file = tmp_path / "bridge.yaml"
    file.write_text(f"sources: [{', '.join(f'{{{source}}}' for source in sources)}]")
    try:
        read_config(file, Listener("127.0.0.1", 0))
    except ConfigError as refused:
        return [problem.removeprefix(f"{file}: ") for problem in refused.problems]
    return []


@pytest.mark.parametrize(
    ("one", "said"),
    [
        ("type: stdin", "type: source a reads it too: each would get a part of its bytes"),
        ("type: device, path: /dev/ttyS0", "path: source a reads it too: each would get a part of its bytes"),
        ("type: unix-listen, path: /dev/a.sock", "path: source a listens there already"),
        ("type: tcp-listen, port: 9600", "port: source a has port 9600 already"),
        ("type: udp, port: 9600", "port: source a has port 9600 already"),
    ],
)
def test_two_sources_are_not_in_one_place(one: str, said: str, tmp_path: Path) -> None:
    """Two readers would each get a part of the bytes; of two listeners the second could not start."""
    again = one.replace("dev/", "dev/./")
    assert problems(tmp_path, f"name: a, {one}", f"name: b, {again}") == [f"source b: {said}"]


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("127.0.0.1", "localhost", False),
        ("127.0.0.1", "127.0.0.2", True),
        ("0.0.0.0", "127.0.0.1", False),
        ("localhost", "0.0.0.0", False),
        ("'::'", "'::1'", False),
        ("'fe80::1%eth0'", "'::'", False),
        ("'::'", "0.0.0.0", True),
        ("0.0.0.0", "'::1'", True),
        ("camera-net.example", "0.0.0.0", True),  # nobody looks it up here; it shows when it starts
    ],
)
def test_one_port_serves_two_where_their_addresses_differ(one: str, other: str, both: bool, tmp_path: Path) -> None:
    found = problems(
        tmp_path, f"name: a, type: tcp-listen, port: 9600, host: {one}", f"name: b, type: udp, port: 9600, host: {one}"
    )
    assert found == [], "TCP and UDP have ports of their own"
    found = problems(tmp_path, *(f"name: {n}, type: udp, port: 9600, host: {h}" for n, h in (("a", one), ("b", other))))
    assert found == ([] if both else ["source b: port: source a has port 9600 already"])


def test_addresses_that_are_said_to_differ_can_be_listened_on_together() -> None:
    """As the source does: the socket of all of IPv6 takes no connections of IPv4."""
    with socket.create_server(("0.0.0.0", 0)) as all_of_ipv4:
        port = all_of_ipv4.getsockname()[1]
        with socket.create_server(("::", port), family=socket.AF_INET6):
            pass
        with pytest.raises(OSError, match="in use"):
            socket.create_server(("127.0.0.1", port))


def test_addresses_that_are_said_to_differ_can_be_received_on_together() -> None:
    """`::` took IPv4's port too: the file was right, and the second source did not start."""
    with closing(UdpSocket(socket.AF_INET6, ("::", 0, 0, 0), 65_536)) as all_of_ipv6:
        with closing(UdpSocket(socket.AF_INET, ("0.0.0.0", all_of_ipv6.port), 65_536)) as all_of_ipv4:
            assert all_of_ipv4.port == all_of_ipv6.port
        with pytest.raises(OSError, match="in use"):
            UdpSocket(socket.AF_INET6, ("::1", all_of_ipv6.port, 0, 0), 65_536)


def test_any_free_port_is_for_many(tmp_path: Path) -> None:
    assert problems(tmp_path, "name: a, type: tcp-listen, port: 0", "name: b, type: tcp-listen, port: 0") == []


def test_the_management_port_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text("sources: [{name: a, type: tcp-listen, port: 9501}, {name: b, type: udp, port: 9501}]")
    with pytest.raises(ConfigError) as refused:
        load_config(BridgeSettings(bridge_config_file=file))
    assert refused.value.problems == [
        f"{file}: source a: port: 9501 is the management port already (SIGHTLINE_BRIDGE_MANAGEMENT_PORT)"
    ]
    with pytest.raises(ConfigError, match=r"^SIGHTLINE_BRIDGE_PORT: 9501 is the management port already"):
        load_config(BridgeSettings(bridge_port=9501))


def test_a_name_is_one_sources(tmp_path: Path) -> None:
    cameras = [f"name: {name}, type: device, path: /dev/{n}" for n, name in enumerate("abaa")]
    assert problems(tmp_path, *cameras) == [
        "source a: name: the sources number 1 and 3 and 4 have it: each needs one of its own"
    ]


def test_what_sources_do_to_each_other_is_said_together_with_their_own_mistakes(tmp_path: Path) -> None:
    """Whoever mended a field was told of the next mistake only by the next start."""
    found = problems(
        tmp_path,
        "name: a, type: tcp-listen, port: 9600",
        "name: b, type: tcp-listen, port: 9600, idle: 3",
        "name: c, type: tcp-listen, port: 9600, tls: {certificate: /absent/a.pem, key: /absent/a.key}",
    )
    assert found == [
        "source b: idle: there is no such field",
        "source c: port: source a has port 9600 already",
        "source c: tls.certificate: cannot read /absent/a.pem: No such file or directory",
        "source c: tls.key: cannot read /absent/a.key: No such file or directory",
    ]


def test_files_of_tls_are_looked_at_when_the_configuration_is_read(tmp_path: Path, authority: Authority) -> None:
    good, other = authority.issue("good"), authority.issue("other")
    (tmp_path / "text").write_text("no PEM")
    listen = "name: a, type: tcp-listen, port: 1, tls: {certificate: %s, key: %s, client_ca: %s}"
    dial = "name: b, type: tcp-connect, host: h, port: 1, tls: {ca: %s}"
    assert problems(tmp_path, listen % (good.certificate, good.key, authority.file), dial % authority.file) == []
    text = tmp_path / "text"
    assert problems(tmp_path, listen % (text, good.key, text), dial % text) == [
        f"source a: tls.certificate: {text} holds no certificate (PEM)",
        f"source a: tls.client_ca: {text} holds no certificate (PEM)",
        f"source b: tls.ca: {text} holds no certificate (PEM)",
    ]
    assert problems(tmp_path, listen % (good.certificate, other.key, authority.file)) == [
        f"source a: tls.key: {other.key} is not the key of {good.certificate}"
    ]
    assert problems(tmp_path, listen % (good.certificate, text, authority.file)) == [
        f"source a: tls.key: {text} is no key (PEM), or encrypted"
    ]
    assert problems(tmp_path, listen % (tmp_path, good.key, authority.file)) == [
        f"source a: tls.certificate: cannot read {tmp_path}: Is a directory"
    ]


def test_a_certificate_that_is_too_weak_is_not_its_keys_fault(tmp_path: Path) -> None:
    """An old camera's pair: its key was called no key, and its owner made keys of the right form in vain."""
    certificate, key = tmp_path / "old.pem", tmp_path / "old.key"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=old", "-days", "1"]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    tls = f"tls: {{certificate: {certificate}, key: {key}}}"
    assert problems(tmp_path, f"name: a, type: tcp-listen, port: 1, {tls}") == [
        f"source a: tls.certificate: {certificate} is too weak (ee key too small)"
    ]
    with pytest.raises(StartError, match=r"certificate is too weak \(ee key too small\)"):
        listening(ListenTls(certificate=certificate, key=key))


def test_a_file_for_another_machine_can_be_read_here(tmp_path: Path) -> None:
    """As the chart's tests do: its certificates are in a pod."""
    file = tmp_path / "bridge.yaml"
    file.write_text("sources: [{name: a, type: tcp-connect, host: h, port: 1, tls: {ca: /absent/ca.pem}}]")
    assert read_config(file).sources
    with pytest.raises(ConfigError, match=r"source a: tls.ca: cannot read /absent/ca.pem"):
        load_config(BridgeSettings(bridge_config_file=file))


def test_the_environments_files_are_named_by_their_settings(tmp_path: Path, authority: Authority) -> None:
    pair = authority.issue("bridge")
    shutil.move(pair.key, absent := tmp_path / "absent")
    settings = BridgeSettings(
        bridge_tls_certificate_file=pair.certificate,
        bridge_tls_key_file=pair.key,
        bridge_tls_client_ca_file=absent,
    )
    with pytest.raises(ConfigError) as refused:
        load_config(settings)
    assert refused.value.problems == [
        f"SIGHTLINE_BRIDGE_TLS_KEY_FILE: cannot read {pair.key}: No such file or directory"
    ]
    shutil.move(absent, pair.key)
    with pytest.raises(ConfigError, match=r"^SIGHTLINE_BRIDGE_TLS_CLIENT_CA_FILE: cannot read"):
        load_config(settings)
