"""Spark's configuration as a pure function of the settings."""

import re
from pathlib import Path
from typing import Final, Literal

from sightline_common.addresses import is_loopback
from sightline_common.logging import writes_text
from sightline_common.settings import LogFormat, LogLevel
from sightline_spark.cluster import MasterKind
from sightline_spark.kafka import REDACTION
from sightline_spark.settings import ClassifierSettings

JvmLogFormat = Literal["json", "text"]

_LOG4J: Final = Path(__file__).with_name("log4j2.properties")

# Read by native code when the JVM loads it, so they are set before the JVM starts. Every Spark task computes on its
# own thread: OpenMP threads below it would fight for the same cores (and spin while they wait).
NATIVE_ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "KMP_BLOCKTIME": "0",
    "KMP_AFFINITY": "disabled",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_LOG_LEVEL": "SILENT",
}

_EVERYWHERE: Final = {
    "spark.app.name": "sightline-classifier",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.extensions": "io.sightline.engine.table.SightlineExtensions",
    "spark.sql.session.timeZone": "UTC",
    # Each micro-batch is planned anew, and most of them hold a handful of images: what follows takes work out of
    # planning that pays only for millions of rows or for a UI that is off. docs/tuning.md has the measurements.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.ui.retainedExecutions": "1",
    "spark.ui.retainedJobs": "1",
    "spark.ui.retainedStages": "1",
    "spark.ui.retainedTasks": "10",
    "spark.locality.wait": "0",
    "spark.sql.streaming.noDataMicroBatches.enabled": "false",
    "spark.sql.streaming.pollingDelay": "2ms",
    "spark.sql.streaming.noDataProgressEventInterval": "5s",  # then the query looks at Kafka less often
    "spark.sql.streaming.minBatchesToRetain": "10",
    # The default manager starts a `readlink` process for each file whenever it lists its old positions.
    "spark.sql.streaming.checkpointFileManagerClass": (
        "org.apache.spark.sql.execution.streaming.FileSystemBasedCheckpointFileManager"
    ),
    "spark.sql.streaming.stopTimeout": "20s",
    "spark.plugins": "io.sightline.engine.stream.ReportsPlugin",  # what each JVM does with models; see reports.py
    **REDACTION,
}

_ON_EXECUTORS: Final = {
    "spark.dynamicAllocation.enabled": "false",
    # The session is there at once: `executors.py` waits for executors, and can be stopped meanwhile.
    "spark.scheduler.minRegisteredResourcesRatio": "0",
    # An executor that fell silent (frozen, or its network cut) holds its part of a micro-batch for this long. Shorter,
    # and a pause that it would survive (a busy machine, a network of a few seconds) costs its loaded models.
    "spark.executor.heartbeatInterval": "5s",
    "spark.network.timeout": "45s",
    "spark.network.timeoutInterval": "15s",  # how often that is looked at
}

# Both ends of every connection must agree on these; see docs/spark-cluster.md for masters that are not ours. The cipher
# is Spark's default, AES in counter mode: with AES/GCM/NoPadding workers of Spark 3.5.7 never finish registering.
AUTHENTICATION: Final = {
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
    "spark.network.crypto.authEngineVersion": "2",
    "spark.network.crypto.saslFallback": "false",
}

_KUBERNETES: Final = {
    # What the driver would need further rights for, and nothing here needs: services, config maps, volume claims.
    "spark.kubernetes.executor.disableConfigMap": "true",
    "spark.kubernetes.driver.service.deleteOnTermination": "false",
    "spark.kubernetes.driver.ownPersistentVolumeClaim": "false",
    "spark.kubernetes.driver.reusePersistentVolumeClaim": "false",
    "spark.kubernetes.executor.deleteOnTermination": "true",
}

# Kubernetes cuts a pod's host name at 63 characters: prefix, `-`, run, `-exec-`, number.
_POD_NAME_PREFIX: Final = 40


def spark_configuration(settings: ClassifierSettings, class_path: str, run: str, logs: JvmLogFormat) -> dict[str, str]:
    """The configuration of the driver, all but the secret.

    Args:
        settings: the classifier's.
        class_path: what executors load after Spark's own jars.
        run: what tells this run's executor pods from an earlier one's: letters and digits.
        logs: how the JVMs log.
    """
    driver_options = [*_java_options("classifier", logs, settings.log_level), settings.classifier_java_options]
    configuration = {
        **_EVERYWHERE,
        "spark.master": settings.master,
        "spark.driver.memory": settings.classifier_driver_memory,
        "spark.driver.extraJavaOptions": " ".join(driver_options),
    }
    if settings.local_master:
        return configuration
    executor_options = [*_java_options("executor", logs, settings.log_level), settings.classifier_executor_java_options]
    executor_environment = {**NATIVE_ENVIRONMENT, "SPARK_DIST_CLASSPATH": class_path}
    return {
        **configuration,
        **_executors(settings),
        "spark.executor.extraJavaOptions": " ".join(executor_options).strip(),
        **{f"spark.executorEnv.{name}": value for name, value in executor_environment.items()},
        **_way_to_the_driver(settings),
        **(_kubernetes(settings, run) if settings.master_kind is MasterKind.KUBERNETES else {}),
    }


def _executors(settings: ClassifierSettings) -> dict[str, str]:
    return {
        **_ON_EXECUTORS,
        "spark.executor.instances": str(settings.classifier_executors),
        "spark.executor.cores": str(settings.classifier_executor_cores),
        "spark.cores.max": str(settings.executor_slots),
        "spark.executor.memory": settings.classifier_executor_memory,
        "spark.executor.memoryOverhead": settings.classifier_executor_memory_overhead,
    }


def _way_to_the_driver(settings: ClassifierSettings) -> dict[str, str]:
    host = str(settings.classifier_driver_host)
    return {
        "spark.driver.host": host,
        "spark.driver.bindAddress": host if is_loopback(host) else "0.0.0.0",
        "spark.driver.port": str(settings.classifier_driver_port),
        "spark.driver.blockManager.port": str(settings.classifier_block_manager_port),
        "spark.port.maxRetries": "0",  # a port beside the stated one is behind a firewall: better to say so
    }


def _kubernetes(settings: ClassifierSettings, run: str) -> dict[str, str]:
    pod = str(settings.classifier_kubernetes_pod_name)
    prefix = re.sub(r"[^a-z0-9-]", "-", pod[:_POD_NAME_PREFIX]).strip("-")
    optional = {
        "spark.kubernetes.authenticate.executor.serviceAccountName": settings.classifier_kubernetes_service_account,
        "spark.kubernetes.executor.podTemplateFile": settings.classifier_kubernetes_pod_template,
    }
    return {
        **_KUBERNETES,
        **AUTHENTICATION,
        "spark.kubernetes.namespace": str(settings.classifier_kubernetes_namespace),
        "spark.kubernetes.container.image": str(settings.classifier_kubernetes_image),
        "spark.kubernetes.driver.pod.name": pod,
        "spark.kubernetes.executor.podNamePrefix": f"{prefix}-{run}",
        # Each pod has an address of its own, so the port can be the one that a network policy names.
        "spark.blockManager.port": str(settings.classifier_block_manager_port),
        **{name: str(value) for name, value in optional.items() if value is not None},
    }


def log_options(service: str, logs: JvmLogFormat, level: LogLevel = "INFO") -> list[str]:
    """What makes a JVM log as the project does, under the name `service`; `level` is that of our own code."""
    return [
        f"-Dlog4j2.configurationFile={_LOG4J.as_uri()}",
        f"-Dsightline.service={service}",
        f"-Dsightline.log={logs}",
        f"-Dsightline.level={'WARN' if level == 'WARNING' else level}",
    ]


def _java_options(service: str, logs: JvmLogFormat, level: LogLevel) -> list[str]:
    return [
        *log_options(service, logs, level),
        "-XX:+UseParallelGC",
        # Else each allocation outside the heap first asks the kernel how much memory the process has, which shows in
        # profiles of small images. The limit it is held against is no use: containers have their own.
        "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
        "-XX:+ExitOnOutOfMemoryError",  # half-dead after it, a task would hang; who started the JVM starts another
    ]


def jvm_log_format(log_format: LogFormat) -> JvmLogFormat:
    """How a JVM that this process starts is to log: as this process does itself."""
    return "text" if writes_text(log_format) else "json"
