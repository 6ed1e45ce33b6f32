"""kafka-python by itself: the most that a bridge on this client could reach.

    python -m bench.bridge.bare BOOTSTRAP TOPIC FILE... --records 3600

One producer with the options of the bridge's own, prepared records, as many bytes handed over at a time as the bridge
hands over; no asyncio, no sockets but the client's. Prints its processor time, one line of JSON.
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from kafka import KafkaProducer

from sightline_common.producer_link import producer_options
from sightline_common.publisher import HANDED_OVER_BYTES
from sightline_common.settings import KafkaSettings
from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord, encode_headers


def run(bootstrap: str, topic: str, files: Sequence[bytes], records: int) -> float:
    """Send `records` records; gives the processor time in seconds. Raises what the client raises."""
    producer = KafkaProducer(**producer_options(KafkaSettings(kafka_bootstrap_servers=bootstrap), "bench-bare"))
    room = threading.Semaphore(max(1, HANDED_OVER_BYTES // len(files[0])))
    failed: list[Exception] = []
    begin = time.process_time()
    for file in islice(cycle(files), records):
        room.acquire()
        record = ImageRecord(new_image_id(), file, "image/jpeg", "tcp", time.time_ns() // 1_000_000, "tcp:127.0.0.1")
        future = producer.send(topic, value=file, key=record.id.encode("ascii"), headers=encode_headers(record))
        future.add_callback(lambda _: room.release())
        future.add_errback(failed.append)
        future.add_errback(lambda _: room.release())
    producer.flush()
    producer.close()
    if failed:
        raise failed[0]
    return time.process_time() - begin


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bootstrap", help="HOST:PORT of the broker")
    parser.add_argument("topic")
    parser.add_argument("files", nargs="+", type=Path, help="images of one size, sent in turn")
    parser.add_argument("--records", type=int, default=1600)
    arguments = parser.parse_args()
    files = [file.read_bytes() for file in arguments.files]
    cpu_s = run(arguments.bootstrap, arguments.topic, files, arguments.records)
    sys.stdout.write(json.dumps({"cpu_s": round(cpu_s, 4)}) + "\n")


if __name__ == "__main__":
    main()
