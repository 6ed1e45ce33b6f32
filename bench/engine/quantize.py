"""An int8 ONNX file for the peers, by ONNX Runtime's own tool. Runs in the peers' environment.

    python bench/engine/quantize.py MODEL.onnx INT8.onnx CALIBRATION.f32 CHANNELS,HEIGHT,WIDTH

Quantise and dequantise nodes (QDQ), which ONNX Runtime and OpenVINO both compile to int8 kernels: weights signed, a
scale for each output channel; activations unsigned, from the smallest and largest value that the images bring about.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


class Images(CalibrationDataReader):  # type: ignore[misc] # untyped upstream
    """One image at a time."""

    def __init__(self, inputs: NDArray[np.float32]) -> None:
        self._left: Iterator[NDArray[np.float32]] = iter(inputs[:, np.newaxis])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next, or None after the last."""
        image = next(self._left, None)
        return None if image is None else {"x": image}


def main() -> None:
    """Fold batch normalisation first, or it would be quantised on its own."""
    model, target, calibration, shape = sys.argv[1:]
    inputs = np.fromfile(calibration, "<f4").reshape(-1, *map(int, shape.split(",")))
    with tempfile.TemporaryDirectory() as folder:
        folded = Path(folder) / "folded.onnx"
        quant_pre_process(model, folded, skip_symbolic_shape=True)
        quantize_static(
            folded,
            target,
            Images(inputs),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )


if __name__ == "__main__":
    main()
