"""What the chart says about itself is true."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from sightline_contracts.topics import DEFAULT_MAX_IMAGE_BYTES, load_topics
from sightline_topics.access import grants
from tests.chart.renders import Render
from tools.chart.files import CHART, ROOT
from tools.chart.model.values import Values

_ABOUT: dict[str, Any] = yaml.safe_load((CHART / "Chart.yaml").read_text())


def test_app_version_is_that_of_the_packages() -> None:
    for package in ("gateway", "spark-app", "services/bridge", "services/topics"):
        project = tomllib.loads((ROOT / package / "pyproject.toml").read_text())["project"]
        assert project["version"] == str(_ABOUT["appVersion"]), package


def test_announced_images_are_those_that_run(renders: dict[str, Render]) -> None:
    announced = {entry["image"] for entry in yaml.safe_load(_ABOUT["annotations"]["artifacthub.io/images"])}
    pods = renders["default"].pods().values()
    assert announced == {container["image"] for pod in pods for container in pod.containers()}


def test_topics_made_by_hand_as_the_file_says_are_enough(renders: dict[str, Render]) -> None:
    """The file had no limit of records and no replicas: gateways were never ready for the topics made after it."""
    wanted = load_topics(DEFAULT_MAX_IMAGE_BYTES, replication_factor=3, min_insync_replicas=2)
    found = {topic["name"]: topic for topic in json.loads((CHART / "files" / "topics.json").read_text())}

    assert {name: (topic["partitions"], topic["replicas"], topic["config"]) for name, topic in found.items()} == {
        topic.name: (topic.partitions, topic.replication_factor, topic.config) for topic in wanted
    }
    for topic in renders["kafka-strimzi"].of_kind("KafkaTopic"):
        assert topic["spec"]["config"] == found[topic["spec"]["topicName"]]["config"]


def test_upgrading_speaks_of_this_version() -> None:
    assert f"## To {_ABOUT['version']}" in (CHART / "UPGRADING.md").read_text()


def test_readme_shows_values_that_the_chart_takes() -> None:
    """Examples are read by people who copy them."""
    blocks = re.findall(r"```yaml\n(.*?)```", (CHART / "README.md").read_text(), flags=re.DOTALL)
    assert len(blocks) >= 3
    for block in blocks:
        Values.model_validate(yaml.safe_load(block))


def test_links_lead_somewhere() -> None:
    for document in (CHART / "README.md", CHART / "UPGRADING.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert Path(document.parent / target).exists(), target


def test_readme_asks_for_the_rights_that_users_get() -> None:
    """It left out Spark's groups: with what it asked for, the classifier was refused by a company's Kafka."""
    topics = [topic.name for topic in load_topics(1)]
    asked = set()
    rows = re.findall(r"^\| (gateway|bridge|classifier|topics) ?(?:job)? \| (.+) \|$", _readme("Kafka"), re.MULTILINE)
    for user, rights in rows:
        for right in re.split(r", (?=`[A-Z])", rights):
            operations, _, names = right.partition(" on ")
            for name in re.findall(r"`(.+?)`", names) or topics:
                asked |= {(user, operation, name) for operation in re.findall(r"`(\w+)`", operations)}

    granted = {
        (
            rule.principal.removeprefix("User:"),
            rule.operation.name.title().replace("_", ""),
            rule.resource_pattern.resource_name,
        )
        for rule in grants(load_topics(1))
    }
    assert asked == {right for right in granted if right[0] in {user for user, _ in rows}}
    assert len(rows) == 4


def _readme(section: str) -> str:
    return (CHART / "README.md").read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
