"""docs/operations.md has a runbook for every alert, and none for an alert that is gone."""

import re
from pathlib import Path
from typing import Final

import pytest
import yaml

from sightline_common.settings import PREFIX
from tests.observability.conftest import Promtool
from tests.observability.queries import ROOT, alerts, series, unknown
from tools.generate import SECTIONS

TEXT = (ROOT / "docs" / "operations.md").read_text()
NAMES = [str(rule["alert"]) for rule in alerts()]
# Read by compose files, not by a process of ours.
_COMPOSES_OWN: Final = {"SIGHTLINE_BIND", "SIGHTLINE_GRAFANA_PASSWORD", "SIGHTLINE_IMAGE_TAG"}
_SECTION = re.compile(r"^### (Sightline\w+)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert [name for name, _ in _SECTION.findall(TEXT)] == NAMES


@pytest.mark.parametrize(("name", "body"), _SECTION.findall(TEXT), ids=NAMES)
def test_a_runbook_says_what_is_seen_what_it_means_what_to_type_and_what_mends_it(name: str, body: str) -> None:
    for part in ("**Symptom.**", "**Means.**", "**First command.**", "**Fix.**"):
        assert part in body, name
    assert "docker compose" in body, name
    assert "kubectl" in body, name


def test_links_of_the_guide_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        path, _, anchor = target.partition("#")
        assert not path or path.startswith("https://") or (ROOT / "docs" / path).exists(), target
        assert path or anchor in anchors, target


def test_queries_of_the_guide_parse_and_name_what_exists(promtool: Promtool, tmp_path: Path) -> None:
    queries = re.findall(r"```promql\n(.*?)```", TEXT, re.DOTALL)
    assert queries
    rules = [{"record": f"guide:{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "guide.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "guide", "rules": rules}]}))

    done = promtool("check", "rules", file)

    assert done.returncode == 0, done.stderr
    assert [name for query in queries for name in unknown(query)] == []


def test_every_variable_and_metric_of_the_guide_exists() -> None:
    settings = {f"{PREFIX}{field.upper()}" for kind in SECTIONS.values() for field in kind.model_fields}
    variables = set(re.findall(rf"{PREFIX}[A-Z_]+[A-Z]", TEXT))
    assert variables - settings <= _COMPOSES_OWN
    metrics = set(re.findall(r"`(sightline_(?:gateway|bridge|classifier)_[a-z_]+)`", TEXT))
    assert metrics <= set(series())
