"""How Spark's Kafka source and sink reach Kafka: the process's Kafka settings under the names of Kafka's Java client.

Certificates travel inside the options, not as paths: executors on other machines need no copy of the files. Whatever
is secret here has to be unreadable in Spark's logs and plans; `REDACTION` sees to what Spark's own patterns miss.
"""

from pathlib import Path
from typing import Any, Final

from pyspark.sql import DataFrame

from sightline_common.kafka_security import KafkaConnection

_LOGIN_MODULES: Final = {
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "OAUTHBEARER": "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule",
}
_TOKENS: Final = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler"

# Spark hides an option whose name or value matches: its defaults (secret, password, token, access key; url), and ours.
REDACTION: Final = {
    "spark.redaction.regex": r"(?i)secret|password|token|access[.]?key|jaas|keystore|truststore",
    "spark.sql.redaction.options.regex": r"(?i)url|jaas|keystore|truststore",
}


def kafka_options(settings: KafkaConnection) -> dict[str, str]:
    """The options of Spark's Kafka source and sink. They hold the password and the key: never log them.

    Raises:
        KafkaConfigurationError: the password's file cannot be read any more.
        OSError: neither can a certificate's.
    """
    return {
        "kafka.bootstrap.servers": settings.kafka_bootstrap_servers,
        "kafka.security.protocol": settings.kafka_security_protocol,
        **(_user(settings) if settings.authenticates else {}),
        **(_certificates(settings) if settings.encrypts else {}),
    }


def without_old_reader(frame: DataFrame) -> DataFrame:
    """The frame of a stream from Kafka, without the reader for Spark's older source interface that its plan carries.

    Nothing uses that reader, and a plan prints its options, the password among them, without hiding any.
    """
    spark = frame.sparkSession
    jvm: Any = spark._jvm  # noqa: SLF001 - py4j's door
    stream = frame._jdf.queryExecution().logical()  # noqa: SLF001
    fields = [stream.productElement(index) for index in range(stream.productArity() - 1)]
    plan = stream.copy(*fields, jvm.scala.Option.empty())
    return DataFrame(jvm.org.apache.spark.sql.Dataset.ofRows(spark._jsparkSession, plan), spark)  # noqa: SLF001


def _user(settings: KafkaConnection) -> dict[str, str]:
    module = _LOGIN_MODULES[settings.kafka_sasl_mechanism]
    mechanism = {"kafka.sasl.mechanism": settings.kafka_sasl_mechanism}
    user, password = _quoted(settings.kafka_username or ""), _quoted(settings.read_password())
    if settings.kafka_oauth_token_url is None:
        return {**mechanism, "kafka.sasl.jaas.config": f"{module} required username={user} password={password};"}
    scope = f" scope={_quoted(settings.kafka_oauth_scope)}" if settings.kafka_oauth_scope else ""
    return {
        **mechanism,
        "kafka.sasl.jaas.config": f"{module} required clientId={user} clientSecret={password}{scope};",
        "kafka.sasl.login.callback.handler.class": _TOKENS,
        "kafka.sasl.oauthbearer.token.endpoint.url": settings.kafka_oauth_token_url,
    }


def _quoted(text: str) -> str:
    """As Kafka's JAAS parser (Java's StreamTokenizer) reads it back: between quotes only these two are special."""
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


def _certificates(settings: KafkaConnection) -> dict[str, str]:
    options = {}
    if settings.kafka_ca_file is not None:
        options["kafka.ssl.truststore.type"] = "PEM"
        options["kafka.ssl.truststore.certificates"] = _read(settings.kafka_ca_file)
    if settings.kafka_certificate_file is not None and settings.kafka_key_file is not None:
        options["kafka.ssl.keystore.type"] = "PEM"
        options["kafka.ssl.keystore.certificate.chain"] = _read(settings.kafka_certificate_file)
        options["kafka.ssl.keystore.key"] = _read(settings.kafka_key_file)
    return options


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")
