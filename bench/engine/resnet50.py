"""ResNet-50 with weights from a seed, as a BigDL graph and as an ONNX file: speed needs no training.

K. He et al., "Deep Residual Learning for Image Recognition", with the stride in the 3 x 3 convolution as everybody has
it now. Batch normalisation is folded into the convolutions from the start: every engine here would do so when it loads.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from sightline_spark.models.bigdl_api import layer, quietly

NAME = "resnet50-seeded"
CLASSES, SIDE = 1000, 224
STAGES = ((3, 64), (4, 128), (6, 256), (3, 512))  # blocks and width; a block gives four times its width
_SEED = 50
# The last convolution of a block starts small, as in training: else sixteen sums would let the values explode.
_LAST_SCALE = 0.2

Weights = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution by name; kernels are square and padded by half."""

    name: str
    inputs: int
    outputs: int
    kernel: int
    stride: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """A bottleneck: its three convolutions and, where sizes change, the one beside them."""

    body: tuple[Convolution, Convolution, Convolution]
    shortcut: Convolution | None


STEM = Convolution("stem", 3, 64, 7, 2)


def blocks() -> Iterator[Block]:
    """The sixteen bottlenecks in order."""
    inputs = STEM.outputs
    for stage, (repeats, width) in enumerate(STAGES):
        for repeat in range(repeats):
            name, stride = f"stage{stage}.{repeat}", 2 if stage > 0 and repeat == 0 else 1
            body = (
                Convolution(f"{name}.a", inputs, width, 1),
                Convolution(f"{name}.b", width, width, 3, stride),
                Convolution(f"{name}.c", width, 4 * width, 1),
            )
            yield Block(body, None if repeat else Convolution(f"{name}.shortcut", inputs, 4 * width, 1, stride))
            inputs = 4 * width


def convolutions() -> Iterator[Convolution]:
    """All of them, the stem first."""
    yield STEM
    for block in blocks():
        yield from block.body
        if block.shortcut is not None:
            yield block.shortcut


def weights(seed: int = _SEED) -> Weights:
    """Kernel and bias of each convolution, and of the classifier as "classifier", with values of trained size."""
    random = np.random.default_rng(seed)
    made: Weights = {}
    for convolution in convolutions():
        fan = convolution.inputs * convolution.kernel**2
        scale = np.sqrt(2 / fan) * (_LAST_SCALE if convolution.name.endswith(".c") else 1)
        shape = (convolution.outputs, convolution.inputs, convolution.kernel, convolution.kernel)
        made[convolution.name] = _normal(random, shape, scale), _normal(random, shape[:1], 0.05)
    features = 4 * STAGES[-1][1]
    made["classifier"] = _normal(random, (CLASSES, features), np.sqrt(8 / features)), _normal(random, (CLASSES,), 0.05)
    return made


def _normal(random: np.random.Generator, shape: tuple[int, ...], scale: float) -> NDArray[np.float32]:
    return (random.standard_normal(shape, np.float32) * scale).astype(np.float32)


def build_bigdl(tensors: Weights) -> Any:
    """The BigDL graph: (n, 3, 224, 224) to 1000 probabilities. Needs a running BigDL session."""
    with quietly():
        picture = layer.Input()
        features = _network(_bigdl_convolution(tensors), _BIGDL, picture)
        features = layer.SpatialAveragePooling(7, 7)(features)
        features = layer.Reshape([4 * STAGES[-1][1]], True)(features)
        linear = layer.Linear(4 * STAGES[-1][1], CLASSES)
        linear.set_weights(list(tensors["classifier"]))
        model = layer.Model([picture], [layer.SoftMax()(linear(features))])
        model.evaluate()
    return model


def write_onnx(tensors: Weights, file: Path) -> None:
    """The same as an ONNX file: input `x` (n, 3, 224, 224), one output."""
    nodes: list[Any] = []
    constants: list[Any] = []

    def node(operator: str, *inputs: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(operator, list(inputs), [f"{operator}_{len(nodes)}"], **attributes))
        return str(nodes[-1].output[0])

    def constant(name: str, values: NDArray[np.float32]) -> str:
        constants.append(numpy_helper.from_array(values, name))
        return name

    def parameters(name: str) -> tuple[str, str]:
        kernel, bias = tensors[name]
        return constant(f"{name}.weight", kernel), constant(f"{name}.bias", bias)

    def convolve(spec: Convolution, x: str) -> str:
        pads, strides = [spec.kernel // 2] * 4, [spec.stride] * 2
        return node("Conv", x, *parameters(spec.name), pads=pads, strides=strides)

    operators = _Operators(
        relu=lambda x: node("Relu", x),
        pool=lambda x: node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4),
        add=lambda x, y: node("Add", x, y),
    )
    x = node("Flatten", node("GlobalAveragePool", _network(convolve, operators, "x")))
    x = node("Softmax", node("Gemm", x, *parameters("classifier"), transB=1))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])]
    outputs = [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["n", CLASSES])]
    graph = helper.make_graph(nodes, NAME, inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), file)


def _apply(made: Any, inputs: Any) -> Any:
    """Connect a layer made for this place alone: BigDL's layers are nodes with parameters, not functions."""
    return made(inputs)


@dataclass(frozen=True, slots=True)
class _Operators:
    """What the network needs besides convolutions, in one library or the other."""

    relu: Callable[[Any], Any]
    pool: Callable[[Any], Any]
    add: Callable[[Any, Any], Any]


_BIGDL = _Operators(
    relu=lambda x: _apply(layer.ReLU(True), x),
    pool=lambda x: _apply(layer.SpatialMaxPooling(3, 3, 2, 2, 1, 1), x),
    add=lambda x, y: _apply(layer.CAddTable(True), [x, y]),
)


def _network(convolve: Callable[[Convolution, Any], Any], operators: _Operators, picture: Any) -> Any:
    """From the picture to the last feature map."""
    x = operators.pool(operators.relu(convolve(STEM, picture)))
    for block in blocks():
        y = x
        for convolution in block.body[:2]:
            y = operators.relu(convolve(convolution, y))
        y = convolve(block.body[2], y)
        x = operators.relu(operators.add(y, x if block.shortcut is None else convolve(block.shortcut, x)))
    return x


def _bigdl_convolution(tensors: Weights) -> Callable[[Convolution, Any], Any]:
    def convolve(spec: Convolution, x: Any) -> Any:
        side, stride, pad = spec.kernel, spec.stride, spec.kernel // 2
        convolution = layer.SpatialConvolution(spec.inputs, spec.outputs, side, side, stride, stride, pad, pad)
        kernel, bias = tensors[spec.name]
        convolution.set_weights([kernel[np.newaxis], bias])
        return convolution(x)

    return convolve
