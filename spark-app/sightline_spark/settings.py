"""Settings of the classifier."""

import os
import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator, model_validator
from pydantic_settings import NoDecode

from sightline_common.settings import ServiceSettings
from sightline_contracts.topics import DEAD_LETTERS, IMAGES, RESULTS, load_topics
from sightline_spark.cluster import ClusterSettings, MasterKind, checked_memory, variables
from sightline_spark.jars import ENGINE_JARS

Trigger = Literal["processing", "continuous"]
Engine = Literal["onednn", "bigdl"]
Precision = Literal["auto", "f32", "bf16", "int8"]

_NAMED_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*@(0|[1-9][0-9]*)")
_LOCAL_TASKS: Final = re.compile(r"local\[([0-9]+)\]")
_REQUIRED: Final[dict[MasterKind, tuple[str, ...]]] = {
    MasterKind.LOCAL: (),
    MasterKind.STANDALONE: ("classifier_driver_host",),
    MasterKind.KUBERNETES: (
        "classifier_driver_host",
        "classifier_kubernetes_namespace",
        "classifier_kubernetes_image",
        "classifier_kubernetes_pod_name",
    ),
}


class ClassifierSettings(ClusterSettings, ServiceSettings):
    """Which models, and how a query is paced."""

    models_dir: Path = Field(Path("models"), description="folder of the model bundles, NAME/VERSION/model.json")
    default_model: str = Field("digits-lenet", min_length=1, description="model of images that name none")
    classifier_trigger: Trigger = Field("processing", description="processing (micro-batches) or continuous")
    classifier_trigger_interval_ms: NonNegativeInt = Field(
        0, description="ms between micro-batches; 0: the next begins when the last has ended"
    )
    classifier_checkpoint_interval_ms: PositiveInt = Field(
        1000, description="ms between two saved positions: what a crash makes the classifier repeat"
    )
    classifier_checkpoint_dir: Path = Field(
        Path(".sightline/classifier/checkpoint"), description="where the query's position in Kafka is kept"
    )
    classifier_cache_dir: Path | None = Field(
        None,
        description="where a model's first load leaves what later ones then need no BigDL for (default: programs beside"
        " the checkpoint); may be emptied at any time; who can write to it can change what models answer",
    )
    classifier_batch_target_ms: PositiveInt = Field(
        2000,
        description="ms that a micro-batch takes while images wait in Kafka: the number of its images follows from how"
        " fast the last ones were; less repeats less after a crash, more costs less planning",
    )
    classifier_max_offsets_per_trigger: PositiveInt = Field(
        16384, description="most images of a micro-batch, however fast they are"
    )
    classifier_min_partitions: PositiveInt | None = Field(
        None,
        description="tasks of a micro-batch whose images are in fewer partitions: these are divided (default: as many"
        " as run at once)",
    )
    classifier_idle_polling_ms: PositiveInt = Field(
        25,
        description="ms between two looks at Kafka when no image came for 5 s (else 2): the next one waits up to this"
        " long; more saves more of the processor",
    )
    classifier_batch_sizes: Annotated[tuple[PositiveInt, ...], NoDecode] = Field(
        (1, 2, 4, 8, 16),
        description="batch sizes that networks may be compiled for, as 1,4,16; a network takes those of them that keep"
        " its values in the processor's cache",
    )
    classifier_engine: Engine = Field(
        "onednn", description="what computes networks: onednn, or BigDL's own, slower forward (bigdl)"
    )
    classifier_precision: Precision = Field(
        "f32",
        description="arithmetic of networks on onednn: f32, the same on every CPU; bf16, faster where the CPU has it;"
        " auto: bf16 where it pays, else f32; int8 for models that `sightline-model calibrate` made, auto for the"
        " others. Where a network's self-check finds one too far off, it gets the next safer",
    )
    classifier_model_memory: str = Field(
        "512m",
        description="memory that loaded models take in a JVM, for example 512m or 2g; for one more the one goes that"
        " was used longest ago, and comes back when an image asks for it; those at work may exceed it. It is memory"
        " beyond the heap: of the container, or of SIGHTLINE_CLASSIFIER_EXECUTOR_MEMORY_OVERHEAD",
    )
    classifier_shadow: str | None = Field(
        None,
        description="name@version of a second model that classifies some of the default model's images once more; no"
        " result shows it, metrics say how far it agrees",
    )
    classifier_shadow_share: float = Field(
        0.1, gt=0, le=1, description="share of the images that the second model gets; chosen by their ids"
    )
    classifier_driver_memory: str = Field("2g", description="heap of the driver's JVM, for example 2g or 1500m")
    classifier_java_options: str = Field(
        "-XX:TieredStopAtLevel=1",
        description="options for the driver's JVM; the default compiles quickly, which keeps latency low from the first"
        " minute; with -XX:+TieredCompilation, which compiles what is hot once more, photos are resized faster after"
        " some minutes (docs/tuning.md), and the compiler takes a good part of a processor until then",
    )
    classifier_management_host: str = Field("127.0.0.1", description="address of /healthz, /readyz and /metrics")
    classifier_management_port: NonNegativeInt = Field(9502, le=65535, description="port of the same; 0: any free one")
    classifier_engine_dir: Path = Field(ENGINE_JARS, description="folder of the engine's jars, from `make engine`")
    classifier_images_topic: str = Field(IMAGES, description="topic to read images from")
    classifier_results_topic: str = Field(RESULTS, description="topic to write results to")
    classifier_dead_letters_topic: str = Field(DEAD_LETTERS, description="topic to write dead letters to")

    @field_validator("classifier_batch_sizes", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.split(",")) if isinstance(value, str) else value

    @field_validator("classifier_shadow")
    @classmethod
    def _names_a_version(cls, value: str | None) -> str | None:
        if value is not None and _NAMED_VERSION.fullmatch(value) is None:
            raise ValueError("must be NAME@VERSION, for example digits-lenet@2")
        return value

    @field_validator("classifier_driver_memory", "classifier_model_memory")
    @classmethod
    def _is_memory(cls, value: str) -> str:
        return checked_memory(value)

    @model_validator(mode="after")
    def _has_what_its_master_needs(self) -> Self:
        names = [name for name in _REQUIRED[self.master_kind] if getattr(self, name) is None]
        if names:
            raise ValueError(f"{variables(names)} must be set for {self.classifier_master}")
        return self

    @model_validator(mode="after")
    def _interval_fits_trigger(self) -> Self:
        if self.classifier_trigger == "continuous" and self.classifier_trigger_interval_ms:
            raise ValueError("SIGHTLINE_CLASSIFIER_TRIGGER_INTERVAL_MS has no meaning with the continuous trigger")
        return self

    @model_validator(mode="after")
    def _tasks_hold_a_continuous_query(self) -> Self:
        if self.classifier_trigger != "continuous" or self.classifier_images_topic != IMAGES:
            return self
        partitions, slots = self._contracted_partitions(), self.task_slots
        if slots is not None and slots < partitions:
            least = (
                f"SIGHTLINE_CLASSIFIER_MASTER must be at least local[{partitions}]"
                if self.local_master
                else "SIGHTLINE_CLASSIFIER_EXECUTORS x SIGHTLINE_CLASSIFIER_EXECUTOR_CORES must be at least"
                f" {partitions}"
            )
            raise ValueError(f"{least}: the continuous trigger keeps one task a partition")
        return self

    @property
    def master(self) -> str:
        """The Spark master to use."""
        if self.classifier_master is not None:
            return self.classifier_master
        return "local[2]" if self.classifier_trigger == "processing" else f"local[{self._contracted_partitions()}]"

    @property
    def cache_dir(self) -> Path:
        """Where first loads of models leave what makes later ones quicker."""
        return self.classifier_cache_dir or self.classifier_checkpoint_dir.parent / "programs"

    @property
    def task_slots(self) -> int | None:
        """Tasks that run at once; None where Spark takes as many as the machine has processors."""
        if not self.local_master:
            return self.executor_slots
        match = _LOCAL_TASKS.fullmatch(self.master)
        return None if match is None else int(match[1])

    @property
    def tasks_per_batch(self) -> int:
        """The least number of tasks that a micro-batch is divided into, given as many images."""
        return self.classifier_min_partitions or self.task_slots or os.cpu_count() or 1

    def _contracted_partitions(self) -> int:
        return next(topic.partitions for topic in load_topics(self.max_image_bytes) if topic.name == IMAGES)
