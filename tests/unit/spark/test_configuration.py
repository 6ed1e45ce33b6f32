"""Spark's configuration for each kind of master."""

from pathlib import Path

import pytest

from sightline_spark.configuration import NATIVE_ENVIRONMENT, JvmLogFormat, spark_configuration
from sightline_spark.settings import ClassifierSettings

STANDALONE = ClassifierSettings(classifier_master="spark://master:7077", classifier_driver_host="driver")
KUBERNETES = ClassifierSettings(
    classifier_master="k8s://https://kubernetes.default.svc",
    classifier_driver_host="sightline-classifier.default.svc",
    classifier_kubernetes_namespace="vision",
    classifier_kubernetes_image="sightline/classifier:1",
    classifier_kubernetes_pod_name="sightline-classifier-0",
)


def configured(settings: ClassifierSettings, logs: JvmLogFormat = "text") -> dict[str, str]:
    return spark_configuration(settings, "/engine/a.jar:/bigdl/b.jar", "0a1b2c3d", logs)


def test_a_local_master_has_no_executors_and_no_ports() -> None:
    configuration = configured(ClassifierSettings())

    assert configuration["spark.master"] == "local[2]"
    assert not [name for name in configuration if "executor" in name or "port" in name.lower() or "auth" in name]


@pytest.mark.parametrize("settings", [STANDALONE, KUBERNETES])
def test_the_number_of_executors_is_fixed(settings: ClassifierSettings) -> None:
    configuration = configured(settings.model_copy(update={"classifier_executors": 3, "classifier_executor_cores": 2}))

    assert configuration["spark.executor.instances"] == "3"
    assert configuration["spark.executor.cores"] == "2"
    assert configuration["spark.cores.max"] == "6"
    assert configuration["spark.dynamicAllocation.enabled"] == "false"


@pytest.mark.parametrize("settings", [STANDALONE, KUBERNETES])
def test_executors_are_made_like_the_driver(settings: ClassifierSettings) -> None:
    configuration = configured(settings, "json")

    for name, value in NATIVE_ENVIRONMENT.items():
        assert configuration[f"spark.executorEnv.{name}"] == value
    assert configuration["spark.executorEnv.SPARK_DIST_CLASSPATH"] == "/engine/a.jar:/bigdl/b.jar"
    options = configuration["spark.executor.extraJavaOptions"].split()
    assert {"-Dsightline.service=executor", "-Dsightline.log=json", "-XX:+ExitOnOutOfMemoryError"} <= {*options}
    (log4j,) = (option for option in options if option.startswith("-Dlog4j2.configurationFile=file://"))
    assert Path(log4j.partition("file://")[2]).is_file()


def test_our_code_in_the_jvm_logs_at_the_processs_level() -> None:
    for level, named in {"DEBUG": "DEBUG", "WARNING": "WARN"}.items():
        options = configured(STANDALONE.model_copy(update={"log_level": level}))
        for kind in ("driver", "executor"):
            assert f"-Dsightline.level={named}" in options[f"spark.{kind}.extraJavaOptions"].split()


def test_jars_are_never_shipped() -> None:
    """Executors would copy them, those on local:// paths too."""
    for settings in (ClassifierSettings(), STANDALONE, KUBERNETES):
        assert "spark.jars" not in configured(settings)


@pytest.mark.parametrize("settings", [STANDALONE, KUBERNETES])
def test_the_drivers_address_is_fixed(settings: ClassifierSettings) -> None:
    configuration = configured(settings)

    assert configuration["spark.driver.host"] == settings.classifier_driver_host
    assert configuration["spark.driver.bindAddress"] == "0.0.0.0"
    assert configuration["spark.driver.port"] == "7078"
    assert configuration["spark.driver.blockManager.port"] == "7079"
    assert configuration["spark.port.maxRetries"] == "0"


def test_a_driver_on_loopback_listens_there_alone() -> None:
    settings = STANDALONE.model_copy(update={"classifier_driver_host": "127.0.0.1"})

    assert configured(settings)["spark.driver.bindAddress"] == "127.0.0.1"


def test_a_secret_is_no_part_of_what_the_jvm_is_launched_with() -> None:
    settings = ClassifierSettings(
        classifier_master="spark://master:7077", classifier_driver_host="driver", classifier_spark_secret="s" * 32
    )

    assert not [name for name, value in configured(settings).items() if "s" * 32 in value or "secret" in name]


def test_kubernetes_is_told_of_pods_and_always_authenticates() -> None:
    configuration = configured(KUBERNETES)

    assert configuration["spark.kubernetes.namespace"] == "vision"
    assert configuration["spark.kubernetes.container.image"] == "sightline/classifier:1"
    assert configuration["spark.kubernetes.driver.pod.name"] == "sightline-classifier-0"
    assert configuration["spark.kubernetes.executor.podNamePrefix"] == "sightline-classifier-0-0a1b2c3d"
    assert configuration["spark.authenticate"] == "true"
    assert configuration["spark.network.crypto.enabled"] == "true"
    assert configuration["spark.executor.memoryOverhead"] == "1g"
    assert configuration["spark.blockManager.port"] == "7079"
    assert not [name for name in configuration if "podTemplate" in name or "serviceAccount" in name]


def test_kubernetes_needs_no_rights_beyond_pods() -> None:
    configuration = configured(KUBERNETES)

    assert configuration["spark.kubernetes.executor.disableConfigMap"] == "true"
    assert configuration["spark.kubernetes.driver.service.deleteOnTermination"] == "false"
    assert configuration["spark.kubernetes.driver.ownPersistentVolumeClaim"] == "false"


def test_kubernetes_takes_a_template_and_an_account() -> None:
    update = {
        "classifier_kubernetes_pod_template": Path("/etc/executor.yaml"),
        "classifier_kubernetes_service_account": "executors",
        "classifier_kubernetes_pod_name": "a-release-with-a-name-that-is-too-long.for-hosts-classifier-0",
    }
    configuration = configured(KUBERNETES.model_copy(update=update))

    assert configuration["spark.kubernetes.executor.podTemplateFile"] == "/etc/executor.yaml"
    assert configuration["spark.kubernetes.authenticate.executor.serviceAccountName"] == "executors"
    # With `-exec-` and a number of up to six digits, within the 63 characters of a host name.
    assert (
        configuration["spark.kubernetes.executor.podNamePrefix"] == "a-release-with-a-name-that-is-too-long-f-0a1b2c3d"
    )
