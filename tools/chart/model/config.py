"""The section `config`: the settings classes' own variables, so that a wrong name or value is refused by the schema."""

from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from sightline_bridge.settings import BridgeSettings
from sightline_common.settings import PREFIX
from sightline_gateway.settings import GatewaySettings
from sightline_spark.settings import ClassifierSettings
from sightline_topics.settings import TopicsSettings

PROCESSES: Final[dict[str, type[BaseSettings]]] = {
    "gateway": GatewaySettings,
    "bridge": BridgeSettings,
    "classifier": ClassifierSettings,
    "topics": TopicsSettings,
}
# Fixed by the images, or following from other values: addresses, ports, folders, secrets, where Spark and Kafka are.
_CHART_OWNS: Final = (
    "kafka_",
    "gateway_host",
    "gateway_port",
    "gateway_state_dir",
    "gateway_exposed_on",
    "gateway_keys_file",
    "gateway_open_access",
    "gateway_callback_secret",
    "models_dir",
    "bridge_config_file",
    "bridge_source",
    "bridge_path",
    "bridge_host",
    "bridge_port",
    "bridge_management_",
    "bridge_tls_certificate_file",
    "bridge_tls_key_file",
    "bridge_tls_client_ca_file",
    "classifier_master",
    "classifier_executors",
    "classifier_executor_cores",
    "classifier_executor_memory",
    "classifier_driver_host",
    "classifier_driver_port",
    "classifier_block_manager_port",
    "classifier_spark_secret",
    "classifier_kubernetes_",
    "classifier_management_",
    "classifier_engine_dir",
    "classifier_checkpoint_dir",
    "classifier_cache_dir",
    "topics_",
)


def all_settings() -> dict[str, FieldInfo]:
    """Every variable that a deployed process reads, with its field."""
    return {
        f"{PREFIX}{name.upper()}": field for kind in PROCESSES.values() for name, field in kind.model_fields.items()
    }


def config_schema() -> dict[str, Any]:
    """The JSON schema of `config`: one property a variable that users may set."""
    return {
        "type": "object",
        "description": "Settings of the processes by the names of their environment variables.",
        "additionalProperties": False,
        "properties": {
            name: {**_value_schema(field), "description": field.description or ""}
            for name, field in sorted(all_settings().items())
            if not name.removeprefix(PREFIX).lower().startswith(_CHART_OWNS)
        },
    }


def _value_schema(field: FieldInfo) -> dict[str, Any]:
    annotation: Any = field.annotation
    if annotation is Path:
        return {"type": "string", "minLength": 1}
    schema = _constrained(annotation, field)
    return _without_null(schema) if schema.get("type") != "array" else {"type": "string", "pattern": "^[^,]+(,[^,]+)*$"}


def _constrained(annotation: Any, field: FieldInfo) -> dict[str, Any]:
    typed: Any = annotation
    for constraint in field.metadata:
        typed = Annotated[typed, constraint]
    return TypeAdapter[Any](typed).json_schema()


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    return choices[0] if len(choices) == 1 else schema
