"""What the Transformers have in common: a column of images in, columns out, with refusals that say what to do."""

from typing import Any, Final, Self

from pyspark.ml import Transformer
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasInputCol, HasOutputCol
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame
from pyspark.sql.types import BinaryType

_BINARY: Final = BinaryType()


def optional_text(value: object) -> str | None:
    """The type of a parameter that may be left out: None stays None."""
    return None if value is None else TypeConverters.toString(value)


class ImageTransformer(Transformer, HasInputCol, HasOutputCol, DefaultParamsReadable[Any], DefaultParamsWritable):
    """A Transformer over a column of image files, as they were written: JPEG, PNG, WebP, BMP, GIF.

    An image that is null or no image gets null and, in the column `errorCol`, why.
    """

    errorCol: Param[str] = Param(
        Params._dummy(),
        "errorCol",
        "name of the column that says why an image has no answer: struct<code, detail>, else null",
        typeConverter=TypeConverters.toString,
    )
    model: Param[str | None] = Param(
        Params._dummy(),
        "model",
        "name or name@version of the model; None: the session's spark.sightline.model",
        typeConverter=optional_text,
    )

    def setParams(self, **params: Any) -> Self:
        """Set the given ones of the constructor's parameters."""
        return self._set(**params)

    def getErrorCol(self) -> str:
        """Name of the column that says why an image has no answer."""
        return self.getOrDefault(self.errorCol)

    def getModel(self) -> str | None:
        """Name or name@version of the model; None: the session's default."""
        return self.getOrDefault(self.model)


def checked(frame: DataFrame, image: str, added: list[str]) -> None:
    """Refuse a frame that cannot be transformed.

    Args:
        frame: it has to be read for nothing but its schema.
        image: name of its column of images.
        added: names of the columns that it is to get.

    Raises:
        ValueError: the column is missing or not binary, or a name is taken; the message says which.
    """
    schema = frame.schema
    if image not in schema.names:
        raise ValueError(f"there is no column {image!r} of images; the frame has {', '.join(schema.names)}")
    kind = schema[image].dataType
    if kind != _BINARY:
        raise ValueError(
            f"column {image!r} must be binary, the bytes of image files as spark.read.format('binaryFile') reads them;"
            f" it is {kind.simpleString()}"
        )
    exact = frame.sparkSession.conf.get("spark.sql.caseSensitive") == "true"
    there, new = ([name if exact else name.lower() for name in names] for names in (schema.names, added))
    taken = [schema.names[there.index(name)] for name in new if name in there]
    if taken:
        raise ValueError(f"the frame has a column {taken[0]!r} already: choose another name, or drop it")
    twice = sorted({name for name in new if new.count(name) > 1})
    if twice:
        raise ValueError(f"two columns cannot both be called {twice[0]!r}")


def with_engine(frame: DataFrame, door: str, parameters: str) -> DataFrame:
    """The frame that the engine's class `door` makes of `frame`."""
    jvm: Any = frame.sparkSession._jvm
    java = getattr(jvm.io.sightline.engine.table, door)
    return DataFrame(java.transform(frame._jdf, parameters), frame.sparkSession)
