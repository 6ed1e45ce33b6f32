"""What people are told of Kafka's faults has no word of the client library in it."""

import pytest
from kafka import errors

from sightline_common.kafka_client import CannotConnect
from sightline_common.kafka_oauth import NoToken
from sightline_common.kafka_words import cause, in_words


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CannotConnect("the broker refused the user"), "the broker refused the user"),
        (errors.KafkaConfigurationError("SIGHTLINE_X cannot be read"), "SIGHTLINE_X cannot be read"),
        (errors.KafkaConnectionError("111 ECONNREFUSED"), "the connection to the broker was lost"),
        (NoToken("no token from http://login: 401"), "no token from http://login: 401"),
        (errors.KafkaTimeoutError("Expiring 1 record(s) for topic: 10004 ms has passed"), "no answer in time"),
        (errors.NotEnoughReplicasError("x"), "too few replicas of the topic are in sync"),
        (errors.NotLeaderForPartitionError("x"), "no broker leads the partition at this moment"),
        (errors.UnknownTopicOrPartitionError("x"), "the topic, or a partition of it, does not exist"),
        (errors.TopicAuthorizationFailedError({"images"}), "the user lacks a right that this needs"),
        (errors.MessageSizeTooLargeError("The message is 11000000 bytes"), "the record is larger than the topic takes"),
        (OSError(24, "Too many open files"), "Too many open files"),
        (AssertionError("max_block_ms"), "the log has the cause"),
    ],
)
def test_a_fault_is_told_in_our_words(error: Exception, words: str) -> None:
    assert in_words(error) == words


def test_no_fault_of_the_library_is_told_by_its_name() -> None:
    """All of them, also those that nobody thought of."""
    known = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.KafkaError)]
    assert len(known) > 100
    told = {kind: in_words(kind("said by the library")) for kind in known}
    assert [kind for kind, words in told.items() if "Error" in words or kind.__name__ in words] == []


def test_the_log_has_what_the_library_said_unless_it_is_the_same() -> None:
    assert cause(errors.KafkaTimeoutError("Batch expired")) == {"cause": "KafkaTimeoutError: Batch expired"}
    assert cause(CannotConnect("connection refused")) == {}
    assert cause(None) == {}
