"""Kafka's faults in our words, for those who send images: what the client library calls them is for the log."""

from typing import Final

from kafka.errors import (
    AuthorizationError,
    InvalidMetadataError,
    InvalidProducerEpochError,
    KafkaConfigurationError,
    KafkaConnectionError,
    KafkaStorageError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NotEnoughReplicasAfterAppendError,
    NotEnoughReplicasError,
    OutOfOrderSequenceNumberError,
    QuotaViolationError,
    RecordListTooLargeError,
    RequestTimedOutError,
    SaslAuthenticationFailedError,
    ThrottlingQuotaExceededError,
    UnknownProducerIdError,
    UnknownTopicOrPartitionError,
    UnsupportedSaslMechanismError,
)

from sightline_common.kafka_client import CannotConnect, explain
from sightline_common.kafka_oauth import NoToken

_UNKNOWN: Final = "the log has the cause"
# The first that fits.
_WORDS: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    ((NotEnoughReplicasError, NotEnoughReplicasAfterAppendError), "too few replicas of the topic are in sync"),
    ((AuthorizationError,), "the user lacks a right that this needs"),
    ((UnknownTopicOrPartitionError,), "the topic, or a partition of it, does not exist"),
    ((MessageSizeTooLargeError, RecordListTooLargeError), "the record is larger than the topic takes"),
    ((KafkaTimeoutError, RequestTimedOutError), "no answer in time"),
    ((ThrottlingQuotaExceededError, QuotaViolationError), "the user's quota is used up"),
    ((KafkaStorageError,), "the broker cannot use its disk"),
    (
        (OutOfOrderSequenceNumberError, UnknownProducerIdError, InvalidProducerEpochError),
        "the broker has lost track of what was sent",
    ),
    ((KafkaConnectionError,), "the connection to the broker was lost"),
    ((InvalidMetadataError,), "no broker leads the partition at this moment"),
)


def cause(error: BaseException | None) -> dict[str, str]:
    """What the library calls the fault, for a line of log that says it in words."""
    return {} if error is None or str(error) == in_words(error) else {"cause": str(error)}


def in_words(error: BaseException) -> str:
    """What `error`, of the Kafka client, means: the end of a sentence such as "Kafka cannot be used: ..."."""
    if isinstance(error, CannotConnect | NoToken | KafkaConfigurationError):
        return str(error.args[0])  # these are our words
    if isinstance(error, SaslAuthenticationFailedError | UnsupportedSaslMechanismError):
        return explain(error)
    if isinstance(error, OSError):
        return error.strerror or _UNKNOWN
    return next((words for kinds, words in _WORDS if isinstance(error, kinds)), _UNKNOWN)
