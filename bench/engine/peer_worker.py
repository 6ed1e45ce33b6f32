"""One peer, ONNX Runtime or OpenVINO, driven line by line like BenchmarkServer.java. Runs in the peers' environment.

    python bench/engine/peer_worker.py RUNTIME MODEL.onnx PRECISION THREADS INPUTS.f32 CHANNELS,HEIGHT,WIDTH

Each peer gets what serves it best at this: a model compiled for the very batch size, one computing thread for each
caller and no spinning, outputs left where they are. It imports nothing of the project, which is not installed there.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Run = Callable[[Floats], Floats]  # inputs (n, channels, height, width) to probabilities (n, classes)


def onnxruntime_callers(model: Path, precision: str, threads: int, shape: tuple[int, ...]) -> list[Run]:
    """One session for all callers, without threads of its own."""
    import onnxruntime  # noqa: PLC0415 - only the runtime that is measured is loaded

    if precision not in ("f32", "int8"):
        raise SystemExit(f"ONNX Runtime's processor kernels know no {precision}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_free_dimension_override_by_name("n", shape[0])
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return [lambda inputs: np.asarray(session.run(None, {"x": inputs})[0])] * threads


def openvino_callers(model: Path, precision: str, threads: int, shape: tuple[int, ...]) -> list[Run]:
    """A stream for each caller. The precision of an int8 model's remaining layers is f32."""
    import openvino  # noqa: PLC0415 - only the runtime that is measured is loaded

    core = openvino.Core()
    network = core.read_model(model)
    network.reshape(list(shape))
    hint = "bf16" if precision == "bf16" else "f32"
    compiled = core.compile_model(
        network,
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": hint,
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": threads,
            "ENABLE_CPU_PINNING": False,  # this process is pinned as a whole, from outside
        },
    )
    # Asked for bf16, it would silently compute in f32 on a processor that has none.
    used = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    if used != hint:
        raise SystemExit(f"OpenVINO computes in {used}, not in {hint}")
    return [_openvino_caller(compiled.create_infer_request()) for _ in range(threads)]


def _openvino_caller(request: Any) -> Run:
    def run(inputs: Floats) -> Floats:
        request.infer({0: inputs}, share_inputs=True, share_outputs=True)
        return np.asarray(request.get_output_tensor(0).data)

    return run


RUNTIMES = {"onnxruntime": onnxruntime_callers, "openvino": openvino_callers}


class Server:
    """Obeys `open`, `answers` and `measure`."""

    def __init__(self, arguments: list[str]) -> None:
        runtime, model, self._precision, threads, inputs, shape = arguments
        self._runtime, self._model, self._threads = RUNTIMES[runtime], Path(model), int(threads)
        self._image = tuple(map(int, shape.split(",")))
        self._inputs: Floats = np.fromfile(inputs, "<f4").reshape(-1, *self._image)
        self._callers: list[Run] = []
        self._pool = ThreadPoolExecutor(self._threads)
        self._batch = self._inputs[:1]
        self.name = f"{runtime}-{self._precision}"

    def obey(self, command: str, argument: str) -> str:
        """Do one command; gives its answer."""
        if command == "open":
            self._open(int(argument))
            return "open"
        if command == "answers":
            np.ascontiguousarray(self._callers[0](self._batch), "<f4").tofile(argument)
            return "answered"
        if command == "measure":
            start, used = time.perf_counter_ns(), time.process_time_ns()
            images = self._on_all_threads(start + int(argument) * 1_000_000)
            return f"{images} {time.perf_counter_ns() - start} {time.process_time_ns() - used}"
        raise SystemExit(f"no such command: {command}")

    def _open(self, batch: int) -> None:
        self._callers = []  # frees the old ones first
        self._batch = np.ascontiguousarray(self._inputs[:batch])
        self._callers = self._runtime(self._model, self._precision, self._threads, (batch, *self._image))
        self._on_all_threads(0)

    def _on_all_threads(self, end: int) -> int:
        return sum(self._pool.map(lambda run: self._run_until(end, run), self._callers))

    def _run_until(self, end: int, run: Run) -> int:
        images = 0
        while True:
            run(self._batch)
            images += len(self._batch)
            if time.perf_counter_ns() >= end:
                return images


def main() -> None:
    """Serve until the input ends."""
    start = time.perf_counter()
    server = Server(sys.argv[1:])
    print(f"bench {server.name} {(time.perf_counter() - start) * 1000:.0f}", flush=True)
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        print(f"bench {server.obey(command, argument)}", flush=True)


if __name__ == "__main__":
    main()
