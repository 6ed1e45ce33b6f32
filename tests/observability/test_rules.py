"""The alert rules and the queries: they parse, they name what exists, and each fires when it should."""

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.exposition import generate_latest

from tests.observability.conftest import Promtool
from tests.observability.queries import FOLDER, Query, alerts, queries, unknown
from tools.observability.metrics import registries

_FIRING = re.compile(r'alertname="(\w+)",alertstate="firing"')


def test_prometheus_takes_the_configuration_with_its_rules(promtool: Promtool, tmp_path: Path) -> None:
    key = tmp_path / "key"  # promtool looks for the file, which its container makes
    key.touch()
    configuration = tmp_path / "prometheus.yml"
    configuration.write_text((FOLDER / "prometheus.yml").read_text().replace("/tmp/gateway-key", str(key)))
    (tmp_path / "alerts.yml").write_text((FOLDER / "alerts.yml").read_text())
    done = promtool("check", "config", "--lint-fatal", configuration)

    assert done.returncode == 0, done.stderr
    assert f"{len(alerts())} rules found" in done.stdout


def test_alerts_fire_when_they_should_and_only_then(promtool: Promtool) -> None:
    done = promtool("test", "rules", FOLDER / "alerts_test.yml")

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_seen_to_fire_and_not_to_fire() -> None:
    groups = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    cases = [case for group in groups for case in group["promql_expr_test"]]
    fires, quiet = (
        {name for case in cases if bool(case["exp_samples"]) is seen for name in _FIRING.findall(case["expr"])}
        for seen in (True, False)
    )

    names = {rule["alert"] for rule in alerts()}
    assert fires == names
    assert quiet == names


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_how_bad_it_is_what_it_means_and_where_to_read_on(rule: dict[str, dict[str, str]]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"].endswith(f"docs/operations.md#{str(rule['alert']).lower()}")


@pytest.mark.parametrize("query", queries(), ids=lambda query: str(query.place))
def test_a_query_names_only_what_the_services_have(query: Query) -> None:
    assert list(unknown(query.expression)) == []


def test_a_name_a_label_and_a_value_that_nobody_has_are_found() -> None:
    text = 'sightline_nothing + sightline_bridge_ready{check="coffee"} + sightline_bridge_ready{cup="kafka"} + up'

    assert list(unknown(text)) == [
        "sightline_nothing",
        "up",
        "sightline_bridge_ready{check='coffee'}",
        "sightline_bridge_ready{cup='kafka'}",
    ]


def test_no_query_depends_on_how_a_deployment_names_its_targets() -> None:
    """Job and instance are other names in compose and on Kubernetes: they may join series, not choose them."""
    assert [
        query.place for query in queries() if re.search(r"\b(job|instance|namespace|pod)\s*[=!]", query.expression)
    ] == []


def test_every_query_parses(promtool: Promtool, tmp_path: Path) -> None:
    rules = [{"record": f"query:{number}", "expr": query.expression} for number, query in enumerate(queries())]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))

    done = promtool("check", "rules", file)

    assert done.returncode == 0, done.stderr
    assert len(rules) > len(alerts())


@pytest.mark.parametrize("service", registries())
def test_metrics_are_named_as_prometheus_wants_them(service: str, promtool: Promtool) -> None:
    done = promtool("check", "metrics", stdin=generate_latest(registries()[service]).decode())

    ours = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("sightline_")]
    assert ours == []
