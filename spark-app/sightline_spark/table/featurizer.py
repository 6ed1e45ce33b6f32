"""ImageFeaturizer: a network's idea of each image of a frame, for MLlib to learn from."""

import json

from pyspark.ml.param import Param, Params
from pyspark.sql import DataFrame

from sightline_spark.table.columns import ImageTransformer, checked, optional_text, with_engine


class ImageFeaturizer(ImageTransformer):
    """Adds a column of features to a frame of images, a batch or a stream; other columns stay as they are.

    >>> ImageFeaturizer(inputCol="content", outputCol="features", errorCol="error").transform(photos)

    `outputCol`: pyspark.ml DenseVector, the values of one of the model's layers; a layer that gives maps gives them
    channel by channel, row by row, in one vector. Null when the image is null or bad. `errorCol`:
    struct<code string, detail string>, null when there are features.
    """

    layer: Param[str | None] = Param(
        Params._dummy(),
        "layer",
        "name of the layer, as `sightline-model layers` lists it; None: what the model's last linear layer sees",
        typeConverter=optional_text,
    )

    def __init__(
        self,
        *,
        inputCol: str = "content",
        outputCol: str = "features",
        errorCol: str = "error",
        model: str | None = None,
        layer: str | None = None,
    ) -> None:
        super().__init__()
        self._setDefault(inputCol="content", outputCol="features", errorCol="error", model=None, layer=None)
        self._set(inputCol=inputCol, outputCol=outputCol, errorCol=errorCol, model=model, layer=layer)

    def getLayer(self) -> str | None:
        """Name of the layer; None: what the model's last linear layer sees."""
        return self.getOrDefault(self.layer)

    def _transform(self, dataset: DataFrame) -> DataFrame:
        """Plan the columns.

        Raises:
            ValueError: a column is missing, not binary, or its name is taken; or the layer's name is empty.
            IllegalArgumentException: the model has no such layer, or a setting of the session is not what it must be.
        """
        checked(dataset, self.getInputCol(), [self.getOutputCol(), self.getErrorCol()])
        if self.getLayer() == "":
            raise ValueError("layer must be a name, or None for what the model's last linear layer sees")
        parameters = {
            "input": self.getInputCol(),
            "output": self.getOutputCol(),
            "error": self.getErrorCol(),
            "model": self.getModel(),
            "layer": self.getLayer(),
        }
        return with_engine(dataset, "ImageFeaturizer", json.dumps(parameters))
