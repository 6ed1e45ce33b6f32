"""Single image records, read back from Kafka."""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError, OffsetOutOfRangeError

from sightline_common.errors import Unavailable
from sightline_common.kafka_words import cause, in_words
from sightline_common.settings import KafkaSettings
from sightline_contracts.errors import ContractError
from sightline_contracts.headers import decode_text
from sightline_contracts.ids import is_image_id
from sightline_contracts.media import sniff
from sightline_contracts.origins import Origin, image_id_from_origin

log = logging.getLogger(__name__)

_CONNECT_MS: Final = 3_000
_READ_MS: Final = 5_000  # a leader election takes less
_PAUSE_S: Final = 2.0  # after a failure, before Kafka is asked again: those who wait get their answer at once meanwhile
_UNKNOWN_TYPE: Final = "application/octet-stream"


class ImageGone(Exception):
    """Kafka does not have the record any more."""


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image as it was sent; the type is by its signature."""

    data: bytes
    content_type: str
    name: str | None


class ImageSource(Protocol):
    """Where images are read from."""

    async def read(self, image_id: str, origin: Origin) -> StoredImage:
        """The image with this id, which is at `origin`.

        Raises:
            ImageGone: it is not there any more.
            Unavailable: Kafka does not answer.
        """
        ...

    async def close(self) -> None:
        """Disconnect; nothing is read any more."""
        ...


class KafkaImages:
    """One consumer on one thread: connected when it is first needed, and again after a failure."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._thread = ThreadPoolExecutor(1, "image-reader")
        self._consumer: KafkaConsumer | None = None
        self._failure = ""
        self._retry_at = 0.0

    async def read(self, image_id: str, origin: Origin) -> StoredImage:
        """As `ImageSource.read`; reads one record after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, image_id, origin)

    async def close(self) -> None:
        """Disconnect."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        await asyncio.to_thread(self._thread.shutdown)

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _read(self, image_id: str, origin: Origin) -> StoredImage:
        if time.monotonic() < self._retry_at:
            raise Unavailable(self._failure)
        try:
            record = self._fetch(TopicPartition(origin.topic, origin.partition), origin.offset)
        except OffsetOutOfRangeError as error:
            raise ImageGone from error
        except KafkaError as error:
            self._disconnect()
            self._failure = f"images cannot be read from Kafka: {in_words(error)}"
            self._retry_at = time.monotonic() + _PAUSE_S
            log.warning("%s", self._failure, extra=cause(error))
            raise Unavailable(self._failure) from error
        if not _is_of(record, image_id, origin):  # the topic was re-created, and another image is there now
            raise ImageGone
        data = record.value or b""
        return StoredImage(data, sniff(data[:12]) or _UNKNOWN_TYPE, _name(record))

    def _fetch(self, partition: TopicPartition, offset: int) -> Any:
        if self._consumer is None:
            self._consumer = self._connect()
        consumer = self._consumer
        consumer.assign([partition])
        consumer.seek(partition, offset)
        for records in consumer.poll(timeout_ms=_READ_MS, max_records=1).values():
            if records[0].offset == offset:
                return records[0]
            raise OffsetOutOfRangeError
        end = consumer.highwater(partition)
        if end is not None and offset >= end:
            raise OffsetOutOfRangeError
        raise KafkaTimeoutError(f"no answer within {_READ_MS / 1000:g} s")

    def _connect(self) -> KafkaConsumer:
        return KafkaConsumer(
            **self._settings.client_options(),
            client_id="gateway-images",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=_CONNECT_MS,
            request_timeout_ms=_READ_MS,
            reconnect_backoff_max_ms=1_000,
            metadata_max_age_ms=30_000,
            # The broker gives one batch at least, however large: with more it would send images that nobody asked for.
            fetch_max_bytes=1,
            max_partition_fetch_bytes=1,
            receive_message_max_bytes=2 * self._settings.record_limit,
        )

    def _disconnect(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with suppress(KafkaError):  # it may be that the broker is gone, which is why we close
                consumer.close()


def _is_of(record: Any, image_id: str, origin: Origin) -> bool:
    key = (record.key or b"").decode("ascii", errors="replace")
    return bool((key if is_image_id(key) else image_id_from_origin(origin)) == image_id)


def _name(record: Any) -> str | None:
    try:
        return decode_text(header for header in record.headers if header[0] == "name").get("name")
    except ContractError:  # a foreign producer's, and not UTF-8
        return None
