"""Where the engine's and BigDL's jars are. `python -m sightline_spark.jars` prints the class path of both."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from sightline_spark.errors import ClassifierError

ENGINE_JARS: Final = (
    Path(__file__).resolve().parents[1] / "engine" / "target" / "engine"
)  # where `make engine` leaves them


def engine_jars(folder: Path) -> list[Path]:
    """The engine's jar and what it needs beyond Spark and BigDL.

    Raises:
        ClassifierError: they have not been built.
    """
    jars = sorted(folder.glob("*.jar"))
    if not any(jar.name.startswith("sightline-engine") for jar in jars):
        raise ClassifierError(f"the inference engine is not built (no jars in {folder}): run `make engine`")
    return jars


def bigdl_jars() -> list[Path]:
    """BigDL's jars inside its Python packages.

    Raises:
        ClassifierError: the packages are not installed.
    """
    spec = find_spec("bigdl")
    folders = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    jars = [jar for folder in folders for jar in sorted(folder.glob("share/*/lib/*.jar"))]
    if len(jars) < 2:
        raise ClassifierError("BigDL is not installed in this Python environment: run `make setup`")
    return jars


def class_path(engine: Path) -> str:
    """What Spark's own class path is followed by, in the driver's JVM and in the executors'.

    Followed: in front of it, BigDL's jar would replace Spark's log4j, Jackson and Guava. And not `spark.jars`: every
    executor would copy 200 MB into its folder, even of paths that Spark is told it has (`local://`).

    Raises:
        ClassifierError: the engine or BigDL is not installed.
    """
    return ":".join(str(jar) for jar in engine_jars(engine) + bigdl_jars())


def main() -> None:
    """Print the class path, or on standard error why there is none."""
    try:
        print(class_path(ENGINE_JARS))  # noqa: T201 - for a shell's $(...)
    except ClassifierError as error:
        raise SystemExit(f"sightline_spark.jars: {error}") from None


if __name__ == "__main__":
    main()
