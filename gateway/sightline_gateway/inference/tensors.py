"""Between the protocol's bodies and our values: images out of a request, tensors out of results. Pure functions."""

import json
import math
import struct
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from sightline_gateway.inference.documents import InferenceInput, InferenceRequest

INPUT: Final = "image"
# An image's file is one element; K classes an image, as many as the classifier tells of each.
OUTPUTS: Final = {"id": "BYTES", "label": "BYTES", "index": "INT32", "probability": "FP32"}
_LENGTH: Final = struct.Struct("<I")  # before each element of a BYTES tensor in binary form


class MalformedInference(ValueError):
    """The request is none of the protocol's, or asks for what we do not have; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Inference:
    """A request as read.

    `images` are files, `outputs` the names asked for with whether each goes behind the JSON, in order. `timeout_s` is
    None when the client names none.
    """

    id: str | None
    images: list[bytes]
    outputs: Sequence[tuple[str, bool]]
    timeout_s: float | None


def read_request(body: bytes, json_bytes: int | None, max_images: int) -> Inference:
    """The request in `body`, whose first `json_bytes` are JSON (None: all of them).

    Raises:
        MalformedInference: see there.
    """
    if json_bytes is not None and json_bytes > len(body):
        raise MalformedInference(f"the JSON should have {json_bytes} bytes, the body has {len(body)}")
    try:
        request = InferenceRequest.model_validate_json(body if json_bytes is None else body[:json_bytes])
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise MalformedInference(f"{place}: {first['msg']}" if place else first["msg"]) from error
    (given,) = request.inputs
    _check_input(given, max_images)
    behind = memoryview(body)[len(body) if json_bytes is None else json_bytes :]
    images = _images(given, behind)
    if math.prod(given.shape) != len(images):
        raise MalformedInference(f"the shape {given.shape} does not fit {len(images)} elements")
    timeout = request.parameters.timeout if request.parameters else None
    return Inference(request.id, images, _outputs(request), timeout / 1e6 if timeout else None)


def _check_input(given: InferenceInput, max_images: int) -> None:
    if given.name != INPUT:
        raise MalformedInference(f"inputs.0.name: there is no input {given.name!r}, only {INPUT!r}")
    if given.datatype != "BYTES":
        raise MalformedInference("inputs.0.datatype: images are BYTES, whole files, one an element")
    if not 1 <= math.prod(given.shape) <= max_images:
        raise MalformedInference(f"inputs.0.shape: a request has 1 to {max_images} images")


def _images(given: InferenceInput, behind: memoryview) -> list[bytes]:
    size = given.parameters.binary_data_size if given.parameters else None
    if (size is None) == (given.data is None):
        raise MalformedInference("inputs.0: give either data or parameters.binary_data_size")
    if (size or 0) != len(behind):
        raise MalformedInference(f"{len(behind)} bytes follow the JSON, binary_data_size says {size or 0}")
    return list(_elements(behind)) if given.data is None else [_file(text) for text in _flat(given.data)]


def _elements(tensor: memoryview) -> Iterator[bytes]:
    position = 0
    while position < len(tensor):
        start = position + _LENGTH.size
        if start > len(tensor):
            raise MalformedInference("the tensor ends within an element's length")
        position = start + _LENGTH.unpack_from(tensor, position)[0]
        if position > len(tensor):
            raise MalformedInference("the tensor ends within an element")
        yield bytes(tensor[start:position])


def _flat(data: list[Any]) -> Iterator[Any]:
    for item in data:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield item


def _file(text: object) -> bytes:
    if not isinstance(text, str):
        raise MalformedInference("inputs.0.data: every element is a file in base64")
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError) as error:
        raise MalformedInference("inputs.0.data: an element is not base64") from error


def _outputs(request: InferenceRequest) -> list[tuple[str, bool]]:
    default = request.parameters.binary_data_output if request.parameters else False
    found: dict[str, bool] = {}
    for output in request.outputs or ():
        told = output.parameters
        if told and told.classification is not None:
            raise MalformedInference("outputs: no classification of a classification; ask for label and probability")
        found[output.name] = default if told is None or told.binary_data is None else told.binary_data
    return list(found.items()) or [(name, default) for name in OUTPUTS]


def write_answer(inference: Inference, results: Sequence[dict[str, Any]]) -> tuple[bytes, int | None]:
    """The answer's body for classified `results` (documents, in order of the images), and how many bytes are JSON.

    None says that the whole body is. While a new version of a model is rolled out its images may be told different
    numbers of classes; a tensor has one width, so all get the least.
    """
    width = min(len(result["predictions"]) for result in results)
    outputs, behind = [], []
    for name, binary in inference.outputs:
        values, shape = _values(name, results, width)
        output: dict[str, Any] = {"name": name, "datatype": OUTPUTS[name], "shape": shape}
        if binary:
            packed = _packed(OUTPUTS[name], values)
            behind.append(packed)
            outputs.append({**output, "parameters": {"binary_data_size": len(packed)}})
        else:
            outputs.append({**output, "data": values})
    model = results[0]["model"]
    answer = {"model_name": model["name"], "model_version": model["version"], "outputs": outputs}
    if inference.id is not None:
        answer["id"] = inference.id
    head = json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()
    return b"".join([head, *behind]), len(head) if behind else None


def _values(name: str, results: Sequence[dict[str, Any]], width: int) -> tuple[list[Any], list[int]]:
    if name == "id":
        return [result["id"] for result in results], [len(results)]
    values = [prediction[name] for result in results for prediction in result["predictions"][:width]]
    return values, [len(results), width]


def _packed(datatype: str, values: Sequence[Any]) -> bytes:
    if datatype == "BYTES":
        encoded = (str(value).encode() for value in values)
        return b"".join(_LENGTH.pack(len(value)) + value for value in encoded)
    return struct.pack(f"<{len(values)}{'i' if datatype == 'INT32' else 'f'}", *values)
