"""EfficientNet-Lite0 for ONNX Runtime, written apart from our BigDL builder: the judge of both BigDL and the engine.

It takes the same state dictionary, keeps batch normalisation as its own operator (nothing folded) and asks ONNX for
TensorFlow's SAME padding by name (SAME_UPPER). `prepare` is the bundle's picture rule done by Pillow.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from PIL import Image

from sightline_spark.models.bundle import InputSpec

Floats = NDArray[np.float32]

# What the paper's table says, block by block: (expansion, input, output, stride, kernel).
BLOCKS = (
    (1, 32, 16, 1, 3),
    (6, 16, 24, 2, 3), (6, 24, 24, 1, 3),
    (6, 24, 40, 2, 5), (6, 40, 40, 1, 5),
    (6, 40, 80, 2, 3), (6, 80, 80, 1, 3), (6, 80, 80, 1, 3),
    (6, 80, 112, 1, 5), (6, 112, 112, 1, 5), (6, 112, 112, 1, 5),
    (6, 112, 192, 2, 5), (6, 192, 192, 1, 5), (6, 192, 192, 1, 5), (6, 192, 192, 1, 5),
    (6, 192, 320, 1, 3),
)  # fmt: skip


class _Graph:
    """Collects operators; each method returns the name of its output."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._tensors = tensors
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def constant(self, name: str, value: NDArray[Any] | None = None) -> str:
        array = self._tensors[name] if value is None else value
        self.constants[name] = numpy_helper.from_array(np.asarray(array, np.float32), name)
        return name

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def convolution(self, x: str, name: str, norm: str, *, stride: int = 1, groups: int = 1, clip: bool = True) -> str:
        weights = self.constant(f"{name}.weight")
        x = self.node("Conv", x, weights, strides=[stride] * 2, group=groups, auto_pad="SAME_UPPER")
        parts = [self.constant(f"{norm}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        x = self.node("BatchNormalization", x, *parts, epsilon=1e-3)
        if not clip:
            return x
        limits = (self.constant("zero", np.array(0.0)), self.constant("six", np.array(6.0)))
        return self.node("Clip", x, *limits)

    def block(self, x: str, index: int) -> str:
        expansion, inputs, outputs, stride, kernel = BLOCKS[index]
        at, entry = f"_blocks.{index}", x
        depthwise = self._tensors[f"{at}._depthwise_conv.weight"]
        assert depthwise.shape == (inputs * expansion, 1, kernel, kernel)
        if expansion > 1:
            x = self.convolution(x, f"{at}._expand_conv", f"{at}._bn0")
        x = self.convolution(x, f"{at}._depthwise_conv", f"{at}._bn1", stride=stride, groups=inputs * expansion)
        x = self.convolution(x, f"{at}._project_conv", f"{at}._bn2", clip=False)
        return self.node("Add", x, entry) if stride == 1 and inputs == outputs else x


def efficientnet_lite0_model(tensors: Mapping[str, NDArray[Any]]) -> ModelProto:
    """The network: input `x` (n, 3, 224, 224) float32, one output of 1000 probabilities."""
    graph = _Graph(tensors)
    x = graph.convolution("x", "_conv_stem", "_bn0", stride=2)
    for index in range(len(BLOCKS)):
        x = graph.block(x, index)
    x = graph.node("Flatten", graph.node("GlobalAveragePool", graph.convolution(x, "_conv_head", "_bn1")))
    x = graph.node("Gemm", x, graph.constant("_fc.weight"), graph.constant("_fc.bias"), transB=1)
    x = graph.node("Softmax", x)
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "efficientnet-lite0",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 224, 224])],
            [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["n", 1000])],
            list(graph.constants.values()),
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )


def efficientnet_lite0(tensors: Mapping[str, NDArray[Any]]) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session of `efficientnet_lite0_model`, computing on one thread."""
    model = efficientnet_lite0_model(tensors)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, inputs: Floats) -> Floats:
    """Probabilities (n, 1000) for inputs (n, 3, 224, 224)."""
    return np.asarray(session.run(None, {"x": inputs})[0], np.float32)


def prepare(image: Image.Image, spec: InputSpec) -> Floats:
    """A picture as the model's input (1, channels, height, width), by the bundle's rules, with Pillow."""
    image = image.convert("RGB" if spec.order == "RGB" else "L")
    filters = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
    resize, (width, height) = spec.resize, image.size
    shorter = min(width, height)
    size = (
        (resize.size, resize.size)
        if resize.rule == "stretch"
        else (round(width * resize.size / shorter), round(height * resize.size / shorter))
    )
    image = image.resize(size, filters[resize.interpolation])
    if spec.crop == "center":
        left, top = (image.width - spec.width) // 2, (image.height - spec.height) // 2
        image = image.crop((left, top, left + spec.width, top + spec.height))
    pixels = np.asarray(image, np.float32).reshape(spec.height, spec.width, spec.channels)
    scaled = (pixels - np.array(spec.mean, np.float32)) / np.array(spec.std, np.float32)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[np.newaxis], np.float32)


def top5(probabilities: Floats) -> list[tuple[int, float]]:
    """The five likeliest (index, probability) of one image's probabilities (1000,), best first."""
    best = probabilities.argsort()[::-1][:5]
    return [(int(index), float(probabilities[index])) for index in best]
