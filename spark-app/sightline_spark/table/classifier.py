"""ImageClassifier: the most probable labels beside each image of a frame."""

import json

from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.sql import DataFrame

from sightline_spark.table.columns import ImageTransformer, checked, optional_text, with_engine


class ImageClassifier(ImageTransformer):
    """Adds a column of classes to a frame of images, a batch or a stream; other columns stay as they are.

    >>> ImageClassifier(inputCol="content", outputCol="classified", errorCol="error").transform(photos)

    `outputCol`: struct<label string, probability double, index int, top array<struct<index int, label string,
    probability double>>, model string>, where model is name@version; null when the image is null or bad. `errorCol`:
    struct<code string, detail string>, null when it was classified. `probabilityCol`, if it is set: a vector of all
    labels' probabilities, for MLlib's evaluators.
    """

    topK: Param[int] = Param(
        Params._dummy(),
        "topK",
        "how many of the most probable labels",
        typeConverter=TypeConverters.toInt,
    )
    probabilityCol: Param[str | None] = Param(
        Params._dummy(),
        "probabilityCol",
        "name of the column of all labels' probabilities, a vector; None: there is none",
        typeConverter=optional_text,
    )

    def __init__(
        self,
        *,
        inputCol: str = "content",
        outputCol: str = "classified",
        errorCol: str = "error",
        model: str | None = None,
        topK: int = 5,
        probabilityCol: str | None = None,
    ) -> None:
        super().__init__()
        self._setDefault(
            inputCol="content", outputCol="classified", errorCol="error", model=None, topK=5, probabilityCol=None
        )
        self._set(
            inputCol=inputCol,
            outputCol=outputCol,
            errorCol=errorCol,
            model=model,
            topK=topK,
            probabilityCol=probabilityCol,
        )

    def getTopK(self) -> int:
        """How many labels."""
        return self.getOrDefault(self.topK)

    def getProbabilityCol(self) -> str | None:
        """Name of the column of all labels' probabilities."""
        return self.getOrDefault(self.probabilityCol)

    def _transform(self, dataset: DataFrame) -> DataFrame:
        """Plan the columns.

        Raises:
            ValueError: a column is missing, not binary, or its name is taken; or a parameter is wrong.
            IllegalArgumentException: a setting of the session is not what it must be.
        """
        names = [self.getOutputCol(), self.getErrorCol(), self.getProbabilityCol()]
        checked(dataset, self.getInputCol(), [name for name in names if name is not None])
        if self.getTopK() < 1:
            raise ValueError(f"topK must be 1 or more: {self.getTopK()}")
        parameters = {
            "input": self.getInputCol(),
            "output": self.getOutputCol(),
            "error": self.getErrorCol(),
            "probabilities": self.getProbabilityCol(),
            "model": self.getModel(),
            "top": self.getTopK(),
        }
        return with_engine(dataset, "ImageClassifier", json.dumps(parameters))
