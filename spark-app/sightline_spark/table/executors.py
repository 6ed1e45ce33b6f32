"""What executors need of a table session, as Spark's own configuration: jars, native libraries' settings, memory."""

from collections.abc import Mapping
from typing import Final, Literal

from sightline_spark.configuration import NATIVE_ENVIRONMENT

Executors = Literal["shipped", "installed"]

_DEFAULTS: Final = {
    # Networks, decoders and BigDL's libraries live beyond the heap; Spark would allow a tenth of the heap for them.
    "spark.executor.memoryOverhead": "1g",
}


def runs_here(master: str) -> bool:
    """Whether tasks run in the driver's own JVM: `local`, `local[4]`; not `local-cluster[...]`."""
    return master == "local" or master.startswith("local[")


def executor_configuration(class_path: str, executors: Executors, known: Mapping[str, str]) -> dict[str, str]:
    """What to add to the configuration `known` for executors in JVMs of their own.

    Args:
        class_path: the engine's and BigDL's jars on this machine, with colons between.
        executors: `shipped`: Spark copies jars and models to each executor; `installed`: it has both at the driver's
            paths, as every container of the image `sightline/classifier` has.
        known: what the user has set, which stays.
    """
    environment = dict(NATIVE_ENVIRONMENT)
    added: dict[str, str] = {}
    if executors == "shipped":
        # Behind Spark's own classes: `spark.executor.extraClassPath` would put BigDL's copies in front of them.
        added["spark.jars"] = ",".join([*filter(None, [known.get("spark.jars", "")]), *class_path.split(":")])
    else:
        environment["SPARK_DIST_CLASSPATH"] = class_path
        added["spark.sightline.shipModels"] = "false"
    added |= {f"spark.executorEnv.{name}": value for name, value in environment.items()}
    return added | {name: value for name, value in _DEFAULTS.items() if name not in known}
