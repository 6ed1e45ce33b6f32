"""The bridge's sources as values: the file that its pod gets is one that the bridge reads, and its ports lead there."""

from pathlib import Path

import pytest

from sightline_bridge.config import BridgeConfig, TcpListenConfig, UdpConfig
from sightline_bridge.config_file import read_config
from tests.chart.renders import Render


@pytest.fixture
def render(renders: dict[str, Render]) -> Render:
    return renders["bridge-sources"]


@pytest.fixture
def config(render: Render, tmp_path: Path) -> BridgeConfig:
    """What the bridge reads from the file in its pod, where its setting says that it is."""
    pod = render.pods()["bridge"]
    file = Path(render.settings(pod)["SIGHTLINE_BRIDGE_CONFIG_FILE"])
    (mount,) = [one for one in pod.containers()[0]["volumeMounts"] if one["mountPath"] == str(file.parent)]
    (volume,) = [one for one in pod.spec["volumes"] if one["name"] == mount["name"]]
    written = tmp_path / file.name
    written.write_text(render.named("ConfigMap", volume["configMap"]["name"])["data"][file.name])
    return read_config(written)


def test_the_file_is_one_that_the_bridge_reads(config: BridgeConfig) -> None:
    assert [source.name for source in config.sources] == ["line-3", "a-name-beyond-15-characters", "gate", "field"]
    line_3 = config.sources[0]
    assert isinstance(line_3, TcpListenConfig)
    assert line_3.framing.framing().name == "named"


def test_each_source_that_listens_is_reached_through_the_service(config: BridgeConfig, render: Render) -> None:
    listening = [source for source in config.sources if isinstance(source, TcpListenConfig | UdpConfig)]
    assert {source.host for source in listening} == {"0.0.0.0"}, "only its own pod would reach it"
    protocols = {source.port: "UDP" if isinstance(source, UdpConfig) else "TCP" for source in listening}
    (container,) = render.pods()["bridge"].containers()
    inside = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert (
        protocols.items() <= {port["containerPort"]: port.get("protocol", "TCP") for port in container["ports"]}.items()
    )
    (service,) = [one for one in render.of_kind("Service") if one["metadata"]["name"].endswith("-bridge")]
    reached = {port["port"]: inside[port["targetPort"]] for port in service["spec"]["ports"]}
    assert reached == {source.port: source.port for source in listening}
    assert protocols == {port["port"]: port.get("protocol", "TCP") for port in service["spec"]["ports"]}
