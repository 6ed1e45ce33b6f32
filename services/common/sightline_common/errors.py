"""Why a record could not be published; each says what the caller can do about it."""


class PublishError(Exception):
    """A record was not acknowledged by Kafka; the message is meant for the sender."""


class Unavailable(PublishError):
    """Nothing was sent: Kafka cannot be used now. Offer the record again later."""


class DeliveryUnknown(PublishError):
    """It was sent and no answer came: it may or may not be stored. Offer it again under the same id."""


class RecordTooLarge(PublishError):
    """The record exceeds the topic's limit and never will be taken."""
