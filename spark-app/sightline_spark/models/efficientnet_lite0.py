"""EfficientNet-Lite0 (1000 ImageNet classes) as a BigDL graph, from a state dictionary of its PyTorch port.

Architecture: M. Tan and Q. V. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", in the
"lite" variant: no squeeze-and-excite, ReLU6 everywhere, stem and head not scaled. Batch normalisation is folded into
the convolution before it: fewer layers, and the same numbers but for rounding.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline_spark.models.bigdl_api import layer, quietly
from sightline_spark.models.efficientnet_card import CLASSES

NORM_EPSILON = 1e-3  # TensorFlow's value, which the port kept
SAME = -1  # BigDL's sign for TensorFlow's SAME padding: the odd pixel goes to the bottom and the right

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Stage:
    """A row of inverted bottlenecks; only the first has the stride, the others add their input to their output."""

    expansion: int
    channels: int
    repeats: int
    stride: int
    kernel: int


STEM, HEAD = 32, 1280  # channels
STAGES = (
    Stage(1, 16, 1, 1, 3),
    Stage(6, 24, 2, 2, 3),
    Stage(6, 40, 2, 2, 5),
    Stage(6, 80, 3, 2, 3),
    Stage(6, 112, 3, 1, 5),
    Stage(6, 192, 4, 2, 5),
    Stage(6, 320, 1, 1, 3),
)
LAST_SIDE = 7  # of the feature map that is averaged: 224 halved five times


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution with the batch normalisation after it, by their names in the state dictionary."""

    weights: str
    norm: str
    kernel: int = 1
    stride: int = 1
    depthwise: bool = False
    clipped: bool = True  # ReLU6 follows

    @property
    def name(self) -> str:
        """The layer's, for those who ask for its features: `blocks.3.expand_conv`."""
        return self.weights.removeprefix("_").replace("._", ".")


Apply = Callable[[Tensors, Convolution, Any], Any]


def folded(tensors: Tensors, weights: str, norm: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel (out, in, k, k) and bias (out,) of a convolution that does the work of the normalisation behind it too."""
    kernel = tensors[f"{weights}.weight"].astype(np.float64)
    gamma, beta, mean, variance = (
        tensors[f"{norm}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gamma / np.sqrt(variance + NORM_EPSILON)
    return (kernel * scale[:, None, None, None]).astype(np.float32), (beta - mean * scale).astype(np.float32)


def convolved(spec: Convolution, kernel: NDArray[np.float32], bias: NDArray[np.float32], node: Any) -> Any:
    """The convolution alone, of these weights, behind `node`."""
    outputs, per_group, side, _ = kernel.shape
    groups = outputs if spec.depthwise else 1
    convolution = layer.SpatialConvolution(
        per_group * groups, outputs, side, side, spec.stride, spec.stride, SAME, SAME, n_group=groups
    )
    convolution.set_name(spec.name)
    convolution.set_weights([kernel.reshape(groups, outputs // groups, per_group, side, side), bias])
    return convolution(node)


def _clipped(tensors: Tensors, spec: Convolution, node: Any) -> Any:
    result = convolved(spec, *folded(tensors, spec.weights, spec.norm), node)
    return layer.ReLU6().set_name(f"{spec.name}.relu6")(result) if spec.clipped else result


def _bottleneck(index: int, stage: Stage, stride: int) -> list[Convolution]:
    at = f"_blocks.{index}."
    convolutions = [
        Convolution(at + "_depthwise_conv", at + "_bn1", stage.kernel, stride, depthwise=True),
        Convolution(at + "_project_conv", at + "_bn2", clipped=False),
    ]
    if stage.expansion > 1:
        convolutions.insert(0, Convolution(at + "_expand_conv", at + "_bn0"))
    return convolutions


def _blocks(tensors: Tensors, apply: Apply, node: Any) -> Any:
    index = 0
    for stage in STAGES:
        for repeat in range(stage.repeats):
            shortcut = node
            for spec in _bottleneck(index, stage, stage.stride if repeat == 0 else 1):
                node = apply(tensors, spec, node)
            if repeat > 0:
                node = layer.CAddTable().set_name(f"blocks.{index}.add")([node, shortcut])
            index += 1
    return node


def build(tensors: Tensors, apply: Apply = _clipped) -> Any:
    """The network as a BigDL graph: (n, 3, 224, 224) to 1000 probabilities. Needs a running BigDL session.

    `apply` puts one convolution with its activation behind a node; the default uses BigDL's ReLU6.
    """
    with quietly():
        picture = layer.Input()
        node = apply(tensors, Convolution("_conv_stem", "_bn0", 3, 2), picture)
        node = _blocks(tensors, apply, node)
        node = apply(tensors, Convolution("_conv_head", "_bn1"), node)
        node = layer.SpatialAveragePooling(LAST_SIDE, LAST_SIDE).set_name("pool")(node)
        flat = layer.Reshape([HEAD], True)  # batch mode said: else a batch of one is taken for no batch
        node = flat.set_name("features")(node)
        classifier = layer.Linear(HEAD, CLASSES).set_name("labels")
        classifier.set_weights([tensors["_fc.weight"], tensors["_fc.bias"]])
        model = layer.Model([picture], [layer.SoftMax().set_name("probabilities")(classifier(node))])
        model.evaluate()
    return model
