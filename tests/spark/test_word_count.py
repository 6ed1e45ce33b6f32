"""Word count over TCP, as docs/bridge.md shows it: a shell's lines, the bridge, Kafka, Spark."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from sightline_local.kafka import EmbeddedKafka
from tests.kafka.test_bridge_lines import PAGE, make_topic, over_tcp
from tests.unit.bridge.processes import bridge_process, wait_until

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # PySpark's
]


def test_words_that_come_over_tcp_are_counted(spark: SparkSession, broker: EmbeddedKafka, tmp_path: Path) -> None:
    """The page's program, but for the broker's address, a sink that a test can read, and its end."""
    program = PAGE.split("```python\n")[1].split("```")[0]
    for old, new in (
        ("127.0.0.1:9092", broker.bootstrap_servers),
        ('.format("console")', '.format("memory").queryName("words").trigger(availableNow=True)'),
    ):
        assert old in program
        program = program.replace(old, new)
    make_topic(broker, "words")
    settings = {"BRIDGE_FRAMING": "lines", "BRIDGE_TOPIC": "words"}
    with bridge_process(tmp_path, KAFKA_BOOTSTRAP_SERVERS=broker.bootstrap_servers, **settings) as bridge:
        wait_until(bridge.ready, "the topic can be written to")
        over_tcp(bridge.port, b"to be or not to be\n")
        over_tcp(bridge.port, b"that is the question")
    spark.conf.set("spark.sql.shuffle.partitions", 1)
    exec(compile(program, "word_count.py", "exec"), {})
    counts = {row["word"]: row["count"] for row in spark.table("words").collect()}
    assert counts == {"to": 2, "be": 2, "or": 1, "not": 1, "that": 1, "is": 1, "the": 1, "question": 1}
