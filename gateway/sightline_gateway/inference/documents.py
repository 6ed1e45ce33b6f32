"""The protocol's JSON objects: requests are parsed with these models, answers only described by them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

MAX_DIMENSIONS = 8  # more than any client sends; the product stays cheap
_BASE64_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="

Dimension = Annotated[StrictInt, Field(ge=0, lt=2**32)]


class _Object(BaseModel):
    """The protocol lets clients add members and parameters; those that we do not know change nothing here."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class InputParameters(_Object):
    """Parameters of an input tensor."""

    binary_data_size: Annotated[StrictInt, Field(ge=0)] | None = Field(
        None, description="bytes of the tensor behind the JSON, instead of `data`"
    )


class InferenceInput(_Object):
    """The tensor of images: whole files as BYTES, one an element."""

    name: StrictStr = Field(examples=["image"])
    datatype: StrictStr = Field(examples=["BYTES"])
    shape: list[Dimension] = Field(max_length=MAX_DIMENSIONS, examples=[[1]])
    parameters: InputParameters | None = None
    data: list[Any] | None = Field(None, description="files in base64", examples=[[_BASE64_PIXEL]])


class OutputParameters(_Object):
    """Parameters of a requested output."""

    binary_data: StrictBool | None = Field(None, description="send it behind the JSON")
    classification: StrictInt | None = Field(None, description="not supported: the outputs are classes already")


class InferenceOutput(_Object):
    """An output that the client wants."""

    name: Literal["id", "label", "index", "probability"]
    parameters: OutputParameters | None = None


class RequestParameters(_Object):
    """Parameters of the request as a whole."""

    binary_data_output: StrictBool = Field(False, description="send every output behind the JSON")
    timeout: Annotated[StrictInt, Field(gt=0)] | None = Field(
        None, description="microseconds to wait for the results; 60 seconds at most, and unless told"
    )


class InferenceRequest(_Object):
    """A request: one input named `image`."""

    id: StrictStr | None = Field(None, max_length=255, description="comes back in the answer", examples=["42"])
    parameters: RequestParameters | None = None
    inputs: list[InferenceInput] = Field(min_length=1, max_length=1)
    outputs: list[InferenceOutput] | None = Field(None, description="default: all")


class OutputTensor(BaseModel):
    """An output; without `data`, `parameters.binary_data_size` says how many bytes behind the JSON are its own."""

    name: str = Field(examples=["label"])
    datatype: Literal["BYTES", "INT32", "FP32"] = Field(examples=["BYTES"])
    shape: list[int] = Field(examples=[[1, 5]])
    parameters: dict[str, int] | None = None
    data: list[str | int | float] | None = Field(None, examples=[["8", "7", "5", "9", "0"]])


class InferenceAnswer(BaseModel):
    """The results in the order of the images, each with its most probable classes first."""

    model_name: str = Field(examples=["digits-lenet"])
    model_version: str = Field(examples=["1"])
    id: str | None = None
    outputs: list[OutputTensor]


class TensorMetadata(BaseModel):
    """A tensor of a model; -1 is any size."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    """What a model takes and gives."""

    name: str = Field(examples=["digits-lenet"])
    versions: list[str] = Field(examples=[["1"]])
    platform: str = Field(examples=["bigdl"])
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ModelReady(BaseModel):
    """Whether images for the model are taken."""

    name: str
    ready: bool


class ServerMetadata(BaseModel):
    """What this server is."""

    name: str = Field(examples=["sightline"])
    version: str
    extensions: list[str]


class Live(BaseModel):
    """Whether the server answers."""

    live: bool


class Ready(BaseModel):
    """Whether the server takes images."""

    ready: bool
