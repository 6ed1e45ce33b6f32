"""Prints every record of the topic `results` as one JSON list; runs inside a gateway's pod."""

import json
import sys
from contextlib import closing

from kafka import KafkaConsumer, TopicPartition

from sightline_contracts.topics import RESULTS
from sightline_gateway.settings import GatewaySettings

found: list[dict[str, str]] = []
with closing(KafkaConsumer(**GatewaySettings().client_options())) as consumer:
    partitions = [TopicPartition(RESULTS, number) for number in consumer.partitions_for_topic(RESULTS)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for records in consumer.poll(timeout_ms=500).values():
            for record in records:
                result = json.loads(record.value)
                said = {name: result[name] for name in ("status", "model", "predictions", "error")}
                found.append(
                    {"id": record.key.decode(), "name": result["name"] or "", "said": json.dumps(said, sort_keys=True)}
                )
json.dump(found, sys.stdout)
