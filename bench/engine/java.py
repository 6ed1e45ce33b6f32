"""How the benchmark's Java programs are started: the product's jars, and the test classes that no jar holds."""

from pathlib import Path

import pyspark

from bench.engine.context import ROOT
from sightline_spark.jars import bigdl_jars, engine_jars

ENGINE = ROOT / "spark-app" / "engine" / "target"
HEAP = "3g"


def java(program: str, *arguments: object) -> list[str]:
    """The command. Raises ClassifierError or SystemExit when something is not built."""
    classes = ENGINE / "test-classes"
    if not classes.is_dir():
        raise SystemExit(f"{classes} is missing: run `make bench-engine`, which builds it")
    spark = Path(pyspark.__file__).parent / "jars" / "*"
    # The compiled classes before the jar: they are as new as the test classes, whatever `make engine` last packed.
    path = [classes, ENGINE / "classes", *engine_jars(ENGINE / "engine"), spark, *bigdl_jars()]
    options = [f"-Xmx{HEAP}", "-XX:+UseParallelGC", "-cp", ":".join(map(str, path))]
    return ["java", *options, program, *map(str, arguments)]
