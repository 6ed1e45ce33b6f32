"""Rights follow from the contracts, and are no more than that."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from sightline_common.settings import KafkaSettings
from sightline_contracts.topics import load_topics
from sightline_topics.access import ensure_access, grants, users_in
from sightline_topics.errors import TopicsError
from sightline_topics.settings import AccessSettings


def _rights(user: str) -> set[tuple[str, str]]:
    """What a user may do, as (operation, resource)."""
    return {
        (rule.operation.name, rule.resource_pattern.resource_name)
        for rule in grants(load_topics(1000))
        if rule.principal == f"User:{user}"
    }


@pytest.mark.parametrize(
    ("user", "rights"),
    [
        ("bridge", {("WRITE", "images")}),
        (
            "gateway",
            {
                ("WRITE", "images"),
                ("READ", "images"),
                ("DESCRIBE_CONFIGS", "images"),
                ("READ", "results"),
                ("READ", "image-stats"),
            },
        ),
        (
            "classifier",
            {
                ("READ", "images"),
                ("DESCRIBE_CONFIGS", "images"),
                ("READ", "spark-kafka-source"),
                ("WRITE", "results"),
                ("WRITE", "dead-letters"),
            },
        ),
        (
            "analyst",
            {
                ("READ", "images"),
                ("READ", "results"),
                ("READ", "dead-letters"),
                ("READ", "image-stats"),
                ("READ", "spark-kafka-source"),
            },
        ),
    ],
)
def test_a_service_has_what_it_needs_and_no_more(user: str, rights: set[tuple[str, str]]) -> None:
    assert _rights(user) == rights


def test_who_makes_the_topics_sees_no_record() -> None:
    operations = {operation for operation, _ in _rights("topics")}
    assert operations == {"CREATE", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"}


def test_passwords_that_are_not_there_are_told_by_name(tmp_path: Path) -> None:
    """Before Kafka is asked: an empty password would be one that everybody knows."""
    with pytest.raises(TopicsError, match=f"SIGHTLINE_ACCESS_USERS_DIR={tmp_path}/none cannot be read: No such file"):
        ensure_access(AccessSettings(access_users_dir=tmp_path / "none"))
    with pytest.raises(TopicsError, match="needs a file for each user, with its password in it"):
        ensure_access(AccessSettings(access_users_dir=tmp_path))
    (tmp_path / "gateway").touch()
    with pytest.raises(TopicsError, match="needs a file for each user: SIGHTLINE_ACCESS_USERS_DIR holds no password"):
        ensure_access(AccessSettings(access_users_dir=tmp_path))


def test_a_mounted_secret_is_read_as_the_processes_read_theirs(tmp_path: Path) -> None:
    """A Secret's volume has folders and links beside its keys, and blanks may be part of a password."""
    (tmp_path / "..2026_11_22").mkdir()
    (tmp_path / "..2026_11_22" / "gateway").write_text(" a blank \n")
    (tmp_path / "..data").symlink_to("..2026_11_22")
    (tmp_path / "gateway").symlink_to("..data/gateway")
    file = tmp_path / "gateway"
    process = KafkaSettings(kafka_security_protocol="SASL_SSL", kafka_username="gateway", kafka_password_file=file)

    assert users_in(tmp_path) == {"gateway": " a blank "} == {"gateway": process.read_password()}


def test_a_mechanism_whose_passwords_kafka_does_not_keep_is_refused() -> None:
    for mechanism in ("PLAIN", "OAUTHBEARER"):
        with pytest.raises(ValidationError, match=f"SIGHTLINE_KAFKA_SASL_MECHANISM={mechanism}"):
            AccessSettings(kafka_sasl_mechanism=mechanism)
