"""The classifier image's entry script: what Spark 3.5 tells an executor's pod becomes the executor's command line."""

import subprocess
from pathlib import Path

from tools.generate import ROOT

ENTRYPOINT = ROOT / "spark-app" / "entrypoint.sh"
# As `org.apache.spark.deploy.k8s.features.BasicExecutorFeatureStep` sets them.
POD = {
    "SPARK_DRIVER_URL": "spark://CoarseGrainedScheduler@driver:7078",
    "SPARK_EXECUTOR_CORES": "1",
    "SPARK_EXECUTOR_MEMORY": "2048m",
    "SPARK_APPLICATION_ID": "spark-1",
    "SPARK_CONF_DIR": "/opt/spark/conf",
    "SPARK_EXECUTOR_ID": "7",
    "SPARK_RESOURCE_PROFILE_ID": "0",
    "SPARK_EXECUTOR_POD_IP": "10.0.0.9",
    "SPARK_EXECUTOR_POD_NAME": "classifier-exec-7",
    # Eleven, since by name the eleventh comes third; with a blank, which is part of the option.
    **{f"SPARK_JAVA_OPT_{number}": f"-Dn={number} " for number in range(11)},
}


def run(folder: Path, *arguments: str, **environment: str) -> list[str]:
    """The command that the script became, one argument a line, with `java` and the classifier replaced by an echo."""
    for program in ("java", "sightline-classify"):
        path = folder / "bin" / program
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" {program} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
    environment |= {"PATH": f"{folder}/bin:/usr/bin:/bin", "JAVA_HOME": str(folder), "SPARK_HOME": "/spark"}
    done = subprocess.run([ENTRYPOINT, *arguments], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_no_argument_is_the_classifier(tmp_path: Path) -> None:
    assert run(tmp_path) == ["sightline-classify"]


def test_anything_else_is_a_command(tmp_path: Path) -> None:
    assert run(tmp_path, "printf", "%s|", "a b", "c") == ["a b|c|"]


def test_executor_becomes_sparks_executor(tmp_path: Path) -> None:
    command = run(tmp_path, "executor", **POD)
    assert command[1:12] == [f"-Dn={number} " for number in range(11)]
    assert command[12:17] == [
        "-Xms2048m",
        "-Xmx2048m",
        "-cp",
        "/opt/spark/conf:/spark/jars/*",
        "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend",
    ]
    assert dict(zip(command[17::2], command[18::2], strict=True)) == {
        "--driver-url": POD["SPARK_DRIVER_URL"],
        "--executor-id": "7",
        "--cores": "1",
        "--app-id": "spark-1",
        "--hostname": "10.0.0.9",
        "--resourceProfileId": "0",
        "--podName": "classifier-exec-7",
    }


def test_an_executor_without_its_driver_says_what_is_missing(tmp_path: Path) -> None:
    told = POD | {"PATH": "/usr/bin:/bin", "JAVA_HOME": str(tmp_path), "SPARK_HOME": "/spark"}
    del told["SPARK_DRIVER_URL"]
    done = subprocess.run([ENTRYPOINT, "executor"], env=told, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "SPARK_DRIVER_URL" in done.stderr
