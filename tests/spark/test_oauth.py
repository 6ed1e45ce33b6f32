"""Spark's Kafka source and sink on a Kafka that wants tokens: Kafka's Java client gets them by itself."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from kafka import KafkaProducer
from pyspark.sql import SparkSession

from sightline_common.settings import KafkaSettings
from sightline_contracts.topics import IMAGES, RESULTS
from sightline_spark.kafka import kafka_options
from tests.oauth import SECRET_PART, OAuthKafka, oauth_kafka

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # PySpark's
]


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OAuthKafka]:
    with oauth_kafka(tmp_path_factory.mktemp("oauth")) as running:
        yield running


def test_records_are_read_and_written(kafka: OAuthKafka, spark: SparkSession) -> None:
    settings = KafkaSettings(**kafka.settings())
    with closing(KafkaProducer(**settings.client_options(), max_block_ms=10_000)) as producer:
        producer.send(IMAGES, b"pixels").get(20)
    options = kafka_options(settings)
    images = spark.read.format("kafka").options(**options, subscribe=IMAGES).load()
    assert [bytes(row.value) for row in images.select("value").collect()] == [b"pixels"]
    images.selectExpr("value").write.format("kafka").options(**options, topic=RESULTS).save()
    results = spark.read.format("kafka").options(**options, subscribe=RESULTS).load()
    assert results.count() == 1
    plan = str(results._jdf.queryExecution().toString())
    assert SECRET_PART not in plan
