"""The parts of BigDL's Python API that we use, imported and called without its noise.

BigDL's source has string escapes that Python warns of, and every object it makes prints a line; neither tells a user
anything, and the first fails tests in which warnings are errors.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


@contextmanager
def quietly() -> Iterator[None]:
    """Keep BigDL's Python side from printing and warning inside the block. Not for code of our own."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


with quietly():
    from bigdl.dllib.nn import criterion, layer
    from bigdl.dllib.optim import optimizer
    from bigdl.dllib.utils.common import RNG, init_engine

__all__ = ["RNG", "criterion", "init_engine", "layer", "optimizer", "quietly"]
