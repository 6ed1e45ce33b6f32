"""The file of sources: what it gives, and that each mistake is named with its source and field."""

from pathlib import Path

import pytest

from sightline_bridge.config import (
    SOURCE_PLACES,
    BridgeConfig,
    SourceType,
    TcpConnectConfig,
    TcpListenConfig,
    UnixListenConfig,
)
from sightline_bridge.config_file import MAX_FILE_BYTES, load_config, place_of, read_config
from sightline_bridge.errors import ConfigError
from sightline_bridge.framing.config import LengthOptions, LinesOptions
from sightline_bridge.settings import BridgeSettings


def problems(tmp_path: Path, text: str) -> list[str]:
    """What is said of a file with `text`, without its path."""
    file = tmp_path / "bridge.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_config(file)
    return [problem.removeprefix(f"{file}: ") for problem in caught.value.problems]


def test_a_file_gives_its_sources_in_order(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(
        """
        sources:
          - {name: line-3, type: tcp-listen, host: 0.0.0.0, port: 9500, framing: named, stream: l3, idle_timeout_s: 5}
          - {name: local, type: unix-listen, path: /run/camera.sock, model: digits-lenet, content_type: image/jpeg}
        """
    )
    line_3, local = load_config(BridgeSettings(bridge_config_file=file)).sources
    assert isinstance(line_3, TcpListenConfig)
    assert (line_3.host, line_3.port, line_3.framing.type, line_3.stream) == ("0.0.0.0", 9500, "named", "l3")
    assert (line_3.idle_timeout_s, line_3.frame_timeout_s, line_3.max_connections) == (5, None, None)
    assert isinstance(local, UnixListenConfig)
    assert (local.path, local.model, local.content_type) == (Path("/run/camera.sock"), "digits-lenet", "image/jpeg")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sources: [{name: a, type: tcp-listen, port: far}]", "source a: port: it is no whole number"),
        ("sources: [{name: a, type: tcp-listen, port: 70000}]", "source a: port: it must be 65535 or less"),
        ("sources: [{name: a, type: tcp-listen}]", "source a: port: it is missing"),
        ("sources: [{name: a, type: tcp-listen, port: 1, prot: 1}]", "source a: prot: there is no such field"),
        ("sources: [{type: tcp-listen, port: 1}]", "source number 1: name: it is missing"),
        ("sources: [{name: A b, type: stdin}]", "source A b: name: it must be of lower-case letters"),
        (
            "sources: [{name: a, type: carrier-pigeon}]",
            "source a: type: there is no carrier-pigeon: choose from ",
        ),
        ("sources: [{name: a}]", "source a: type: it is missing"),
        ("sources: [a]", "source number 1: it must have fields, each with its name"),
        ("sources: []", "`sources` is empty"),
        ("source: []", "sources: it is missing"),
        ("[]", "it must have fields, each with its name"),
        ("", "it is empty; `sources:` is missing"),
        ("sources: [{", "it is not YAML: while parsing"),
        ("sources: [{name: a, type: stdin, name: b}]", "it is not YAML: 'name' stands there twice"),
        ("sources: " + "[" * 100_000, "it is not YAML: "),
        (
            "sources: [{name: a, type: stdin, framing: morse}]",
            "source a: framing: there is no morse: choose from ",
        ),
        (
            "sources: [{name: a, type: tcp-listen, port: 1, idle_timeout_s: 0}]",
            "source a: idle_timeout_s: it must be more than 0",
        ),
        ("sources: [{name: a, type: tcp-connect, host: h, port: 0}]", "source a: port: it must be 1 or more"),
        ("# " + "a" * MAX_FILE_BYTES, f"it is larger than {MAX_FILE_BYTES} bytes"),
    ],
)
def test_a_mistake_is_named_with_its_source_and_field(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text)[0].startswith(problem)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    text = "sources: [{name: a, type: tcp-listen, port: -1, ack: maybe}, {name: b, type: device}]"
    assert [problem.rsplit(": ", 1)[0] for problem in problems(tmp_path, text)] == [
        "source a: ack",
        "source a: port",
        "source b: path",
    ]


def test_a_value_never_shows_in_a_message(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "sources: [{name: a, type: tcp-listen, port: 1, password: hunter2}]")
    assert "hunter2" not in problem


def test_a_file_that_cannot_be_read_is_named_by_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"SIGHTLINE_BRIDGE_CONFIG_FILE: cannot read .*: No such file"):
        load_config(BridgeSettings(bridge_config_file=tmp_path / "absent.yaml"))


def test_only_plain_data_is_made_of_the_file(tmp_path: Path) -> None:
    assert problems(tmp_path, "!!python/object/apply:os.system ['true']")[0].startswith("it is not YAML")


@pytest.mark.parametrize("kind", SOURCE_PLACES)
def test_the_environment_describes_one_source_of_any_type(kind: SourceType) -> None:
    settings = BridgeSettings(
        bridge_source=kind,
        bridge_host="10.0.0.7",
        bridge_port=9600,
        bridge_path=Path("/dev/camera"),
        bridge_framing="named",
        bridge_stream="gate",
        bridge_model="digits-lenet",
        bridge_content_type="image/png",
    )
    (source,) = load_config(settings).sources
    assert (source.type, source.name) == (kind, "default")
    framing = source.framing if source.type == "udp" else source.framing.type
    assert (framing, source.stream, source.model, source.content_type) == (
        "datagram" if kind == "udp" else "named",  # the only one over UDP
        "gate",
        "digits-lenet",
        "image/png",
    )
    given = {"host": "10.0.0.7", "port": 9600, "path": Path("/dev/camera")}
    assert {field: getattr(source, field) for field in SOURCE_PLACES[kind]} == {
        field: given[field] for field in SOURCE_PLACES[kind]
    }


def test_lines_from_the_environment_need_their_topic() -> None:
    (source,) = load_config(BridgeSettings(bridge_framing="lines", bridge_topic="words")).sources
    assert source.framing == LinesOptions(topic="words")
    with pytest.raises(ValueError, match="SIGHTLINE_BRIDGE_TOPIC is not set"):
        BridgeSettings(bridge_framing="lines")
    with pytest.raises(ValueError, match="images holds records of another kind"):
        BridgeSettings(bridge_framing="lines", bridge_topic="images")


def test_a_framing_has_options_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text("sources: [{name: a, type: stdin, framing: {type: length, width: 2, endianness: little}}]")
    assert read_config(file).sources[0].framing == LengthOptions(width=2, endianness="little")
    text = "sources: [{name: a, type: stdin, framing: {type: length, width: 9}}]"
    assert problems(tmp_path, text)[0].startswith("source a: framing.width: it must be 8 or less")


def test_a_start_error_says_where_the_address_is_configured(tmp_path: Path) -> None:
    assert place_of("default", BridgeSettings()) == "SIGHTLINE_BRIDGE_HOST, SIGHTLINE_BRIDGE_PORT"
    file = tmp_path / "bridge.yaml"
    assert place_of("line-3", BridgeSettings(bridge_config_file=file)) == f"source line-3 of {file}"


def test_the_example_of_the_documentation_is_a_file_of_sources(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "bridge.md").read_text(encoding="utf-8")
    file = tmp_path / "bridge.yaml"
    file.write_text(page.split("```yaml\n")[1].split("```")[0])
    assert {source.type for source in read_config(file).sources} == set(SOURCE_PLACES) - {"stdin"}


def test_every_type_has_a_place_in_the_environment() -> None:
    tags = BridgeConfig.model_json_schema()["properties"]["sources"]["items"]["discriminator"]["mapping"]
    assert set(tags) == set(SOURCE_PLACES)


def test_a_setting_that_its_source_refuses_is_named() -> None:
    """It was a traceback: 0 is a port to listen on, but none to dial."""
    with pytest.raises(ConfigError) as refused:
        load_config(BridgeSettings(bridge_source="tcp-connect", bridge_port=0))
    assert refused.value.problems == ["SIGHTLINE_BRIDGE_PORT: it must be 1 or more"]


@pytest.mark.parametrize("host", ["cam..local", "x" * 64 + ".local", "cam\0"])
@pytest.mark.parametrize("kind", ["tcp-connect", "tcp-listen", "udp"])
def test_a_host_that_cannot_be_looked_up_is_refused(kind: SourceType, host: str) -> None:
    """The resolver raises no OSError for it: the process ended with all of its sources."""
    with pytest.raises(ConfigError) as refused:
        load_config(BridgeSettings(bridge_source=kind, bridge_host=host, bridge_port=9000))
    assert [line.split(":")[:2] for line in refused.value.problems] == [
        ["SIGHTLINE_BRIDGE_HOST", " it is no host name"]
    ]


@pytest.mark.parametrize("host", ["::1", "fe80::1%eth0", "0.0.0.0", "camera-3.factory.example", "kamera_1", "büro"])
def test_a_host_that_can_be_looked_up_is_taken(host: str) -> None:
    (source,) = load_config(BridgeSettings(bridge_source="tcp-connect", bridge_host=host)).sources
    assert isinstance(source, TcpConnectConfig)
    assert source.host == host
