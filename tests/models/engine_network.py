"""The engine's network on plain tensors, called in Spark's JVM: no decoder, no stream."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import SparkSession

Floats = NDArray[np.float32]


class EngineNetwork:
    """A BigDL model compiled in single precision, with one session and the images it will be asked about."""

    def __init__(self, spark: SparkSession, definition: Path, parameters: Path, images: Floats, classes: int) -> None:
        """`images` (n, channels, height, width) go to the JVM once. Fails if the model is not compiled."""
        jvm: Any = spark._jvm
        engine = jvm.io.sightline.engine.nn
        self._jvm, self._classes = jvm, classes
        files = (jvm.java.io.File(str(file)).toPath() for file in (definition, parameters))
        kind = engine.OutputKind.PROBABILITIES
        source = engine.NetworkSource(definition.parent.name, *files, *images.shape[1:], classes, kind)
        self._images = self._buffer(bytearray(images.astype("<f4").tobytes())).asFloatBuffer()
        self._network = engine.Network.load(source, engine.NetworkOptions.defaults())
        assert self._network.compiled()
        self._session = self._network.open()

    def probabilities(self, n: int) -> Floats:
        """Probabilities (n, classes) of the first `n` images, in one call."""
        rows = self._jvm.java.nio.FloatBuffer.allocate(n * self._classes).array()
        self._session.forward(self._images, n, rows)
        out = self._buffer(bytearray(4 * n * self._classes))
        out.asFloatBuffer().put(rows)
        return np.frombuffer(bytes(out.array()), "<f4").reshape(n, self._classes)

    def close(self) -> None:
        """Free the session and the network."""
        self._session.close()
        self._network.close()

    def _buffer(self, content: bytearray) -> Any:
        return self._jvm.java.nio.ByteBuffer.wrap(content).order(self._jvm.java.nio.ByteOrder.LITTLE_ENDIAN)
