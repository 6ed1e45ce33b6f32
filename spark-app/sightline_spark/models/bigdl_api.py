"""The parts of BigDL's Python API that we use, imported and called without its noise.

BigDL's source has string escapes that Python warns of, and every object it makes prints a line; neither tells a user
anything, and the first fails tests in which warnings are errors.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@contextmanager
def quietly() -> Iterator[None]:
    """Keep BigDL's Python side from printing and warning inside the block. Not for code of our own."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


with quietly():
    from bigdl.dllib.nn import criterion, layer
    from bigdl.dllib.optim import optimizer
    from bigdl.dllib.utils.common import RNG, JavaCreator, init_engine

__all__ = [
    "RNG",
    "criterion",
    "forget_jvm",
    "init_engine",
    "layer",
    "load_module",
    "optimizer",
    "quietly",
    "save_module",
]


def forget_jvm() -> None:
    """Let BigDL look for the JVM again: it remembers the first one for ever, also when that has ended."""
    JavaCreator.set_creator_class(JavaCreator.get_creator_class())


def save_module(model: Any, definition: Path, parameters: Path) -> None:
    """Write a BigDL model as protobuf, its definition and its parameters apart. Needs a running BigDL session."""
    with quietly():
        model.saveModel(str(definition), str(parameters))
    for written in (definition, parameters):
        # Hadoop leaves a checksum beside each file; the bundle has its own, stronger one.
        written.with_name(f".{written.name}.crc").unlink(missing_ok=True)


def load_module(definition: Path, parameters: Path) -> Any:
    """Read what `save_module` wrote, ready to evaluate: the referee of other engines."""
    with quietly():
        model = layer.Model.loadModel(str(definition), str(parameters))
        model.evaluate()
    return model


def forward(model: Any, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """BigDL's own forward of a model that is evaluating: inputs (n, channels, height, width), a row of outputs each."""
    with quietly():
        return np.asarray(model.forward(inputs), np.float32)
