"""docs/operations.md has a runbook for every alert, and none for an alert that is gone."""

import re

import pytest

from tests.observability.queries import ROOT, alerts

TEXT = (ROOT / "docs" / "operations.md").read_text()
NAMES = [str(rule["alert"]) for rule in alerts()]
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
