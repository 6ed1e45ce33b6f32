"""Prints every record of the topic `results` as one JSON list; runs inside a gateway's pod."""

import json
import sys
from contextlib import closing

from kafka import KafkaConsumer, TopicPartition

from sightline_contracts.topics import RESULTS
from sightline_gateway.settings import GatewaySettings

found: list[object] = []
with closing(KafkaConsumer(**GatewaySettings().client_options())) as consumer:
    partitions = [TopicPartition(RESULTS, number) for number in consumer.partitions_for_topic(RESULTS)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for records in consumer.poll(timeout_ms=500).values():
            found += [json.loads(record.value) for record in records]
json.dump(found, sys.stdout)
