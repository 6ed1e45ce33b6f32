"""`sightline-spark-node master|worker`: a node of a Spark standalone cluster that fits the classifier's settings.

The worker offers exactly what the classifier asks for. Master, worker and classifier are told the same master and the
same secret, so what one of them needs is already in the environment of the other.
"""

import argparse
import os
import socket
import stat
import tempfile
from pathlib import Path
from typing import Final, Literal

import pyspark
from pydantic import Field, ValidationError

from sightline_common.addresses import is_loopback
from sightline_common.settings import LogFormat, describe, problems
from sightline_spark.cluster import ClusterSettings, MasterKind
from sightline_spark.configuration import AUTHENTICATION, jvm_log_format, log_options
from sightline_spark.errors import ClassifierError

Role = Literal["master", "worker"]

_MASTER: Final = "org.apache.spark.deploy.master.Master"
_WORKER: Final = "org.apache.spark.deploy.worker.Worker"
# Where Spark looks for the secret first. A command line, unlike it, can be read by every user of the machine.
_SECRET: Final = "_SPARK_AUTH_SECRET"  # noqa: S105 - the variable's name
_DAEMON_HEAP: Final = "256m"  # a master or worker of a few executors uses half of it

_NODE: Final = {
    "spark.ui.killEnabled": "false",
    # A worker whose container was killed is silent; its executors' work moves on when the driver notices (45 s).
    "spark.worker.timeout": "30",
    # What an executor prints besides its log goes to files in the worker's folder.
    "spark.worker.cleanup.enabled": "true",
    "spark.executor.logs.rolling.strategy": "size",
    "spark.executor.logs.rolling.maxSize": "10485760",
    "spark.executor.logs.rolling.maxRetainedFiles": "2",
}


class NodeSettings(ClusterSettings):
    """What a node shares with the classifier: nothing of Kafka, which a node never speaks to."""

    log_format: LogFormat = Field("auto", description="json lines, text for people, or auto: text on a terminal")


def main() -> None:
    """Become the master or a worker: replaces this process."""
    parser = argparse.ArgumentParser(
        prog="sightline-spark-node",
        description="Run a master or a worker of a Spark standalone cluster for the classifier.",
        epilog=describe(NodeSettings),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("role", choices=("master", "worker"))
    parser.add_argument(
        "--state-dir", type=Path, help="where a master keeps what it knows, so that one started anew goes on with it"
    )
    arguments = parser.parse_args()
    try:
        settings = NodeSettings()
        environment = node_environment(arguments.role, settings, arguments.state_dir)
        command = node_command(arguments.role, settings)
    except ValidationError as error:
        parser.exit(2, "".join(f"{parser.prog}: {problem}\n" for problem in problems(error)))
    except ClassifierError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    os.execve(command[0], command, {**os.environ, **environment})  # noqa: S606


def node_command(role: Role, settings: NodeSettings) -> list[str]:
    """The program of the node and its arguments.

    Raises:
        ClassifierError: SIGHTLINE_CLASSIFIER_MASTER is not the address of one standalone master, or out of reach.
    """
    host, port = _master(settings)
    spark_class = str(Path(pyspark.__file__).with_name("bin") / "spark-class")
    if role == "master":
        return [spark_class, _MASTER, "--host", host, "--port", port, "--webui-port", "0"]
    own = host if is_loopback(host) else _address_towards(host, int(port))
    size = ["--cores", str(settings.executor_slots), "--memory", f"{settings.worker_memory_mib}M"]
    folder = tempfile.mkdtemp(prefix="sightline-worker-")
    return [
        *(spark_class, _WORKER, "--host", own, "--webui-port", "0", *size, "--work-dir", folder),
        str(settings.classifier_master),
    ]


def node_environment(role: Role, settings: NodeSettings, state_dir: Path | None) -> dict[str, str]:
    """What the node's environment has on top of this process's.

    Raises:
        ClassifierError: the secret's file cannot be read, or SIGHTLINE_CLASSIFIER_MASTER is no standalone master.
    """
    secret = settings.read_secret()
    configuration = _NODE | ({} if secret is None else AUTHENTICATION)
    if role == "master" and state_dir is not None:
        configuration |= {"spark.deploy.recoveryMode": "FILESYSTEM", "spark.deploy.recoveryDirectory": str(state_dir)}
    options = [f"-D{name}={value}" for name, value in configuration.items()]
    logs = log_options(f"spark-{role}", jvm_log_format(settings.log_format))
    return {
        "SPARK_DAEMON_MEMORY": _DAEMON_HEAP,
        "SPARK_DAEMON_JAVA_OPTS": " ".join([*logs, *options]),
        **({} if secret is None else {_SECRET: secret}),
        **({"SPARK_LOCAL_IP": "127.0.0.1"} if is_loopback(_master(settings)[0]) else {}),
        **(_executors_log_here() if role == "worker" else {}),
    }


def _master(settings: ClusterSettings) -> tuple[str, str]:
    master = settings.classifier_master or ""
    if settings.master_kind is not MasterKind.STANDALONE or "," in master:
        raise ClassifierError(f"SIGHTLINE_CLASSIFIER_MASTER={master} must be spark://host:port for a node")
    host, _, port = master.removeprefix("spark://").rpartition(":")
    return host, port


def _address_towards(host: str, port: int) -> str:
    """The machine's address as the master sees it; its name may stand for another, on Debian for 127.0.1.1."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
            way.connect((host, port))  # sends nothing
            return str(way.getsockname()[0])
    except OSError as error:
        raise ClassifierError(
            f"SIGHTLINE_CLASSIFIER_MASTER: there is no way to {host}: {error.strerror or error}"
        ) from error


def _executors_log_here() -> dict[str, str]:
    """Have executors log where the worker does, rather than into files of the worker's folder.

    They are its children, but their standard error is a pipe to it; this is the way to the worker's own.
    """
    own = Path(f"/proc/{os.getpid()}/fd/2")
    if stat.S_ISSOCK(own.stat().st_mode):
        return {}  # a socket cannot be opened by its path
    return {"SIGHTLINE_LOG_APPENDER": "file", "SIGHTLINE_LOG_FILE": str(own)}


if __name__ == "__main__":
    main()
