"""Users and what each may do with the topics: the least that its process needs, derived from the contracts.

A topic's contract names its producers and consumers; each is the name of a Kafka user.
"""

import logging
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
    UserScramCredentialUpsertion,
)
from kafka.errors import KafkaError

from sightline_common.secret_file import read_secret_file
from sightline_contracts.topics import IMAGES, Topic, load_topics
from sightline_topics.app import connect
from sightline_topics.errors import TopicsError
from sightline_topics.settings import AccessSettings

log = logging.getLogger(__name__)

JOB: Final = "topics"  # the user that makes the topics
ANALYST: Final = "analyst"  # reads everything and writes nothing: people at sightline-shell
# Spark names its consumers' groups so. It commits no offsets, but asking for a group's place is a right of its own.
_SPARK_GROUPS: Final = "spark-kafka-source"
_OWNS: Final = (
    ACLOperation.CREATE,
    ACLOperation.DESCRIBE,
    ACLOperation.DESCRIBE_CONFIGS,
    ACLOperation.ALTER_CONFIGS,
)


def ensure_access(settings: AccessSettings) -> None:
    """Give each user of the folder its password and its rights. Running it again changes passwords to the files'.

    Raises:
        TopicsError: Kafka did not answer in time or refused, or the folder holds no passwords.
    """
    users = users_in(settings.access_users_dir)
    rules = [rule for rule in grants(load_topics(settings.max_image_bytes)) if rule.principal in set(map(_of, users))]
    with closing(connect(settings)) as admin:
        try:
            _set_passwords(admin, users, settings.kafka_sasl_mechanism)
            failed = admin.create_acls(rules)["failed"]
        except KafkaError as error:
            raise TopicsError(f"Kafka at {settings.kafka_bootstrap_servers} refuses: {error}") from error
    if failed:
        raise TopicsError(f"{len(failed)} access rules were refused: {failed[0]}")
    log.info("%d users have %d rights: %s", len(users), len(rules), ", ".join(users))


def grants(topics: Iterable[Topic]) -> list[ACL]:
    """Every right that a user needs."""
    rules = [_allow(user, ACLOperation.READ, _group(_SPARK_GROUPS)) for user in ("classifier", ANALYST)]
    for topic in topics:
        named = ResourcePattern(ResourceType.TOPIC, topic.name)
        rules += [_allow(JOB, operation, named) for operation in _OWNS]
        rules += [_allow(user, ACLOperation.WRITE, named) for user in topic.producers]
        rules += [_allow(user, ACLOperation.READ, named) for user in (*topic.consumers, ANALYST)]
    # The gateway compares the topic's limit with its own before it says that it is ready; the classifier's metrics say
    # how long images are kept.
    images = ResourcePattern(ResourceType.TOPIC, IMAGES)
    rules += [_allow(user, ACLOperation.DESCRIBE_CONFIGS, images) for user in ("gateway", "classifier")]
    return rules


def _allow(user: str, operation: ACLOperation, pattern: ResourcePattern) -> ACL:
    return ACL(_of(user), "*", operation, ACLPermissionType.ALLOW, pattern)


def _of(user: str) -> str:
    return f"User:{user}"


def _group(prefix: str) -> ResourcePattern:
    return ResourcePattern(ResourceType.GROUP, prefix, ACLResourcePatternType.PREFIXED)


def users_in(folder: Path) -> Mapping[str, str]:
    """Users and their passwords, read as the processes read theirs. What begins with a dot is Kubernetes' own.

    Raises:
        TopicsError: a password is missing or could not be used.
    """
    try:
        files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
        users = {file.name: read_secret_file("SIGHTLINE_ACCESS_USERS_DIR", file) for file in files}
    except OSError as error:
        raise TopicsError(f"SIGHTLINE_ACCESS_USERS_DIR={folder} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise TopicsError(f"SIGHTLINE_ACCESS_USERS_DIR={folder} needs a file for each user: {error}") from error
    if not users:
        raise TopicsError(f"SIGHTLINE_ACCESS_USERS_DIR={folder} needs a file for each user, with its password in it")
    return users


def _set_passwords(admin: Any, users: Mapping[str, str], mechanism: str) -> None:
    changes = [UserScramCredentialUpsertion(user, mechanism, password) for user, password in users.items()]
    for user, problem in admin.alter_user_scram_credentials(changes).items():
        if problem is not None:
            raise TopicsError(f"user {user} was refused: {problem}")
