"""Values that cannot work are refused before anything is installed, with a message that says which and why."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from tools.chart.files import CHART
from tools.chart.golden import value_files
from tools.chart.helm import template
from tools.chart.model.config import all_settings, config_schema
from tools.chart.model.values import Values

_EXTERNAL = {"mode": "external", "external": {"bootstrapServers": "kafka:9092"}}

# What is refused by the schema: values, the place that the message names, and what it says.
_BY_SCHEMA: dict[str, tuple[dict[str, Any], str, str]] = {
    "a key that does not exist": ({"gatway": {}}, "'gatway'", "not allowed"),
    "a key that does not exist, deep": ({"gateway": {"replica": 2}}, "/gateway", "'replica' not allowed"),
    "a text for a number": ({"gateway": {"replicas": "two"}}, "/gateway/replicas", "want integer"),
    "fewer than no pods": ({"bridge": {"replicas": -1}}, "/bridge/replicas", "minimum"),
    "a source of the bridge without its port": (
        {"bridge": {"sources": [{"name": "a", "type": "tcp-listen"}]}},
        "/bridge/sources/0",
        "missing property 'port'",
    ),
    "a source of the bridge with a field that it does not have": (
        {"bridge": {"sources": [{"name": "a", "type": "stdin", "prot": 1}]}},
        "/bridge/sources/0",
        "'prot' not allowed",
    ),
    "two classifiers": ({"classifier": {"replicas": 2}}, "/classifier/replicas", "0, 1"),
    "a mode of Spark": ({"spark": {"mode": "yarn"}}, "/spark/mode", "'local', 'kubernetes'"),
    "a mode of Kafka": ({"kafka": {"mode": "redpanda"}}, "/kafka/mode", "'external', 'strimzi', 'dev'"),
    "a broker without a port": (
        {"kafka": {"external": {"bootstrapServers": "kafka"}}},
        "/kafka/external/bootstrapServers",
        "does not match",
    ),
    "a protocol": (
        {"kafka": {"external": {"securityProtocol": "TLS"}}},
        "/kafka/external/securityProtocol",
        "SASL_SSL",
    ),
    "a port out of range": ({"gateway": {"service": {"port": 70000}}}, "/gateway/service/port", "65,535"),
    "an amount of memory": (
        {"gateway": {"resources": {"limits": {"memory": "1 GB"}}}},
        "/gateway/resources/limits/memory",
        "does not match",
    ),
    "a resource": (
        {"gateway": {"resources": {"limits": {"gpu": 1}}}},
        "/gateway/resources/limits",
        "'gpu' not allowed",
    ),
    "heap of an executor": ({"spark": {"kubernetes": {"executorMemory": "2Gi"}}}, "executorMemory", "does not match"),
    "a tag with a blank": ({"image": {"tag": "0.1 0"}}, "/image/tag", "does not match"),
    "a digest cut short": ({"gateway": {"image": {"digest": "sha256:12"}}}, "/gateway/image/digest", "does not match"),
    "a pull policy": ({"image": {"pullPolicy": "Sometimes"}}, "/image/pullPolicy", "IfNotPresent"),
    "a source of models": ({"models": {"source": "s3"}}, "/models/source", "'image', 'claim', 'init'"),
    "an image without a name": (
        {"models": {"init": {"image": {"tag": "7"}}}},
        "/models/init/image",
        "missing property 'repository'",
    ),
    "a variable that no process reads": (
        {"config": {"SIGHTLINE_GATEWAY_MAX_FILE": 3}},
        "/config",
        "'SIGHTLINE_GATEWAY_MAX_FILE' not allowed",
    ),
    "a variable that the chart sets": (
        {"config": {"SIGHTLINE_KAFKA_PASSWORD": "secret"}},
        "/config",
        "'SIGHTLINE_KAFKA_PASSWORD' not allowed",
    ),
    "a value that its setting refuses": (
        {"config": {"SIGHTLINE_MAX_IMAGE_BYTES": 0}},
        "/config/SIGHTLINE_MAX_IMAGE_BYTES",
        "exclusiveMinimum",
    ),
    "a level of logs": ({"config": {"SIGHTLINE_LOG_LEVEL": "TRACE"}}, "/config/SIGHTLINE_LOG_LEVEL", "'DEBUG'"),
    "no time to stop": ({"bridge": {"stopSeconds": 20}}, "/bridge/stopSeconds", "minimum"),
    "a toleration's effect": (
        {"pods": {"tolerations": [{"effect": "Evict"}]}},
        "/pods/tolerations/0/effect",
        "NoExecute",
    ),
    "an access mode": ({"classifier": {"checkpoint": {"accessModes": []}}}, "accessModes", "minItems"),
    "a longer name than labels can hold": ({"fullnameOverride": "x" * 41}, "/fullnameOverride", "maxLength"),
}

# Each alone is fine, together they are not: the message says what to set.
_BY_TEMPLATE: dict[str, tuple[dict[str, Any], str]] = {
    "no brokers": ({"kafka": {"mode": "external"}}, "set kafka.external.bootstrapServers"),
    "SASL without a user": (
        {"kafka": {"mode": "external", "external": {"bootstrapServers": "k:1", "securityProtocol": "SASL_SSL"}}},
        "set kafka.external.existingSecret",
    ),
    "SASL with users for some": (
        {
            "kafka": {
                "mode": "external",
                "external": {
                    "bootstrapServers": "k:1",
                    "securityProtocol": "SASL_SSL",
                    "secretPerProcess": {"gateway": "a", "bridge": "b", "classifier": "c"},
                },
            }
        },
        "secretPerProcess.topics",
    ),
    "a password and no protocol that sends it": (
        {"kafka": {"mode": "external", "external": {"bootstrapServers": "k:1", "existingSecret": "s"}}},
        "kafka.external.securityProtocol is PLAINTEXT, which sends no password: set SASL_SSL",
    ),
    "passwords of processes and no protocol that sends them": (
        {
            "kafka": {
                "mode": "external",
                "external": {
                    "bootstrapServers": "k:1",
                    "securityProtocol": "SSL",
                    "secretPerProcess": {"classifier": "c"},
                },
            }
        },
        "kafka.external.securityProtocol is SSL, which sends no password: set SASL_SSL",
    ),
    "a CA and no TLS": (
        {"kafka": {"mode": "external", "external": {"bootstrapServers": "k:1", "caSecret": "c"}}},
        "kafka.external.securityProtocol is PLAINTEXT, which checks no certificate: set SASL_SSL or SSL",
    ),
    "brokers that exist, and another mode": (
        {"kafka": {"external": {"bootstrapServers": "k:1", "securityProtocol": "SASL_SSL", "existingSecret": "s"}}},
        "kafka.mode is dev, which ignores kafka.external.bootstrapServers: set kafka.mode to external",
    ),
    "a protocol, and another mode": (
        {"kafka": {"mode": "strimzi", "external": {"securityProtocol": "SASL_SSL"}}},
        "kafka.mode is strimzi, which ignores kafka.external.securityProtocol",
    ),
    "a secret, and another mode": (
        {"kafka": {"external": {"secretPerProcess": {"gateway": "g"}}}},
        "kafka.mode is dev, which ignores kafka.external.secretPerProcess",
    ),
    "somebody's Strimzi cluster without its name": (
        {"kafka": {"mode": "strimzi", "strimzi": {"create": False}}},
        "set kafka.strimzi.clusterName",
    ),
    "more in-sync replicas than replicas": (
        {"kafka": _EXTERNAL, "topics": {"replicationFactor": 2, "minInsyncReplicas": 3}},
        "topics.minInsyncReplicas is above",
    ),
    "replicas on one broker": ({"topics": {"replicationFactor": 3}}, "kafka.mode dev has one broker"),
    "more replicas than nodes": (
        {"kafka": {"mode": "strimzi", "strimzi": {"replicas": 2}}, "topics": {"replicationFactor": 3}},
        "above kafka.strimzi.replicas",
    ),
    "no time left to end the work": (
        {"gateway": {"drainSeconds": 50}},
        "gateway.stopSeconds has to be at least 25 above gateway.drainSeconds",
    ),
    "less time than its setting gives the gateway": (
        {"config": {"SIGHTLINE_GATEWAY_DRAIN_S": 60.5}},
        "gateway.stopSeconds has to be at least 81 above gateway.drainSeconds",
    ),
    "less time than its setting gives the bridge": (
        {"config": {"SIGHTLINE_BRIDGE_SHUTDOWN_TIMEOUT_S": 120}},
        "(config.SIGHTLINE_BRIDGE_SHUTDOWN_TIMEOUT_S)",
    ),
    "fewer tasks than a continuous query keeps": (
        {"config": {"SIGHTLINE_CLASSIFIER_TRIGGER": "continuous"}},
        "set spark.local.cores to 4",
    ),
    "fewer executors than a continuous query keeps": (
        {"config": {"SIGHTLINE_CLASSIFIER_TRIGGER": "continuous"}, "spark": {"mode": "kubernetes"}},
        "set spark.kubernetes.executors x executorCores to 4",
    ),
    "a heap that the limit does not hold": (
        {"config": {"SIGHTLINE_CLASSIFIER_DRIVER_MEMORY": "6g"}},
        "classifier.resources.limits.memory is 4Gi: config.SIGHTLINE_CLASSIFIER_DRIVER_MEMORY (6g) needs 8192Mi",
    ),
    "a limit that the heap of the default fills": (
        {"classifier": {"resources": {"limits": {"memory": "2.5G"}}}},
        "SIGHTLINE_CLASSIFIER_DRIVER_MEMORY (2g) needs 4096Mi",
    ),
    "a limit in bytes below the heap": (
        {"classifier": {"resources": {"limits": {"memory": 4000000000}}}},
        "classifier.resources.limits.memory is 4000000000:",
    ),
    "no claim": ({"models": {"source": "claim"}}, "set models.existingClaim"),
    "no command": ({"models": {"source": "init"}}, "set models.init.command"),
    "fewest above most": (
        {"gateway": {"autoscaling": {"enabled": True, "minReplicas": 9, "maxReplicas": 3}}},
        "gateway.autoscaling.minReplicas is above",
    ),
    "a certificate for no host": ({"ingress": {"enabled": True, "tls": {"enabled": True}}}, "set ingress.hosts"),
    "a route from nowhere": ({"httpRoute": {"enabled": True}}, "set httpRoute.parentRefs"),
}


def _refusal(values: dict[str, Any], folder: Path) -> str:
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    done = template(CHART, "--values", file)
    assert done.returncode != 0, "it was not refused"
    return done.stderr


@pytest.mark.parametrize("case", _BY_SCHEMA)
def test_schema_refuses(case: str, helm_program: Path, tmp_path: Path) -> None:
    values, place, reason = _BY_SCHEMA[case]
    message = _refusal(values, tmp_path)
    assert "values don't meet the specifications of the schema" in message
    assert place in message
    assert reason in message


@pytest.mark.parametrize("case", _BY_TEMPLATE)
def test_templates_refuse(case: str, helm_program: Path, tmp_path: Path) -> None:
    values, advice = _BY_TEMPLATE[case]
    assert advice in _refusal(values, tmp_path)


_USERS = {
    "mode": "external",
    "external": {
        "bootstrapServers": "k:1",
        "securityProtocol": "SASL_SSL",
        "secretPerProcess": {"gateway": "a", "classifier": "c"},
    },
}


@pytest.mark.parametrize(
    "values",
    [
        {"kafka": _USERS, "bridge": {"enabled": False}, "topics": {"enabled": False}},
        {"bridge": {"enabled": False}, "config": {"SIGHTLINE_BRIDGE_SHUTDOWN_TIMEOUT_S": 120}},
        {"config": {"SIGHTLINE_CLASSIFIER_TRIGGER": "continuous"}, "spark": {"local": {"cores": 4}}},
        {
            "config": {"SIGHTLINE_CLASSIFIER_TRIGGER": "continuous"},
            "spark": {"mode": "kubernetes", "kubernetes": {"executors": 2, "executorCores": 2}},
        },
        {"config": {"SIGHTLINE_GATEWAY_DRAIN_S": 20}},
        {
            "config": {"SIGHTLINE_CLASSIFIER_DRIVER_MEMORY": "6144m"},
            "classifier": {"resources": {"limits": {"memory": "8Gi"}}},
        },
        {"classifier": {"resources": {"limits": {"memory": 4294967296}}}},
        {
            "config": {"SIGHTLINE_CLASSIFIER_DRIVER_MEMORY": "6g"},
            "classifier": {"resources": {"limits": {"memory": None}}},
        },
    ],
)
def test_what_can_work_is_taken(values: dict[str, Any], helm_program: Path, tmp_path: Path) -> None:
    """Passwords of processes that do not run were asked for."""
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    done = template(CHART, "--values", file)
    assert done.returncode == 0, done.stderr


def test_a_parent_chart_may_pass_its_own_values(helm_program: Path) -> None:
    assert template(CHART, "--set", "global.team=vision").returncode == 0


@pytest.mark.parametrize("name", ["default", *value_files()])
def test_model_takes_what_the_chart_takes(name: str) -> None:
    path = CHART / "values.yaml" if name == "default" else value_files()[name]
    Values.model_validate(yaml.safe_load(path.read_text()) or {})


def test_values_are_the_models_defaults() -> None:
    """Written by the generator: read back they must be the same, quoting and all."""
    assert Values.model_validate(yaml.safe_load((CHART / "values.yaml").read_text())) == Values()


def test_model_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValidationError, match="gatway"):
        Values.model_validate({"gatway": {}})


def test_schema_knows_no_free_sections() -> None:
    """Everything that is our own is closed; what Kubernetes defines, and a parent's values, stay open."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    sections = {"": schema, **schema["$defs"]}
    assert all(section.get("additionalProperties") is False for section in sections.values())


def test_every_setting_is_offered_or_set_by_the_chart(helm_program: Path) -> None:
    offered = set(config_schema()["properties"])
    assert offered < set(all_settings())
    assert {"SIGHTLINE_MAX_IMAGE_BYTES", "SIGHTLINE_CLASSIFIER_EXECUTOR_JAVA_OPTIONS"} <= offered
    assert not {name for name in offered if name.endswith(("_PASSWORD", "_SECRET", "_FILE", "_DIR", "_HOST", "_PORT"))}
