"""The reader of torch's legacy files, on files made here byte by byte."""

import io
import pickle
import struct
import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from numpy.typing import NDArray

from sightline_spark.models.torch_legacy import MAGIC, PROTOCOL, UntrustedFileError, read_tensors


def stand_in(module: str, name: str) -> type:
    """A class that pickles by this name, for torch is not installed here."""
    return type(name, (), {"__module__": module})


STORAGES = {name: stand_in("torch", name) for name in ("FloatStorage", "LongStorage", "ComplexFloatStorage")}
REBUILD = stand_in("torch._utils", "_rebuild_tensor_v2")
STRANGERS = (stand_in("torch", "load"), stand_in("torch._utils", "_rebuild_parameter"), stand_in("os.path", "walk"))


def importable(*names: type) -> dict[str, ModuleType]:
    """Modules that hold the stand-ins: a pickler looks names up before it writes them."""
    modules = {name.__module__: ModuleType(name.__module__) for name in names}
    for name in names:
        setattr(modules[name.__module__], name.__name__, name)
    return modules


@dataclass(frozen=True)
class Storage:
    """A reference to a storage; torch writes these as persistent ids."""

    key: str
    kind: str


@dataclass(frozen=True)
class Tensor:
    """A tensor as torch writes it: a call of its rebuild function."""

    storage: str
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]
    kind: str = "FloatStorage"

    def __reduce__(self) -> tuple[Any, ...]:
        """The call."""
        return REBUILD, (Storage(self.storage, self.kind), self.offset, self.size, self.stride, False, OrderedDict())


class Pickler(pickle.Pickler):
    """Torch's pickler."""

    def persistent_id(self, obj: object) -> tuple[Any, ...] | None:
        """A storage's name instead of its content."""
        return ("storage", STORAGES[obj.kind], obj.key, "cpu", 0, None) if isinstance(obj, Storage) else None


def pickled(value: object) -> bytes:
    """One pickle, protocol 2 as torch writes it."""
    out = io.BytesIO()
    with patch.dict(sys.modules, importable(REBUILD, *STORAGES.values(), *STRANGERS)):
        Pickler(out, 2).dump(value)
    return out.getvalue()


def legacy_file(
    state: object, storages: Mapping[str, NDArray[Any]], *, keys: Sequence[str] | None = None, magic: int = MAGIC
) -> io.BytesIO:
    """A file in torch's legacy format."""
    head = (magic, PROTOCOL, {"little_endian": True}, state, list(storages) if keys is None else keys)
    data = b"".join(pickled(part) for part in head)
    data += b"".join(struct.pack("<q", storage.size) + storage.tobytes() for storage in storages.values())
    return io.BytesIO(data)


FLOATS = np.arange(24, dtype="<f4")


def test_tensors_are_views_of_storages() -> None:
    """Contiguous, transposed, offset and shared storages, an integer scalar: each comes out as torch would show it."""
    state = OrderedDict(
        plain=Tensor("a", 0, (2, 3, 4), (12, 4, 1)),
        channels_last=Tensor("a", 0, (2, 4, 3), (12, 1, 4)),
        column=Tensor("a", 5, (3,), (8,)),
        repeated=Tensor("a", 7, (2, 2), (0, 0)),
        count=Tensor("b", 0, (), (), "LongStorage"),
    )
    tensors = read_tensors(legacy_file(state, {"b": np.array([2**40], "<i8"), "a": FLOATS}))
    assert tensors.keys() == state.keys()
    np.testing.assert_array_equal(tensors["plain"], FLOATS.reshape(2, 3, 4))
    np.testing.assert_array_equal(tensors["channels_last"], FLOATS.reshape(2, 3, 4).transpose(0, 2, 1))
    assert tensors["channels_last"].flags.c_contiguous
    assert tensors["column"].tolist() == [5.0, 13.0, 21.0]
    assert tensors["repeated"].tolist() == [[7.0, 7.0], [7.0, 7.0]]
    assert tensors["count"].item() == 2**40


class Evil:
    """Runs a command when a trusting unpickler reads it."""

    def __reduce__(self) -> tuple[Any, ...]:
        """What to call."""
        return (print, ("the pickle ran code",))


@pytest.mark.parametrize("where", ["value", "header"])
def test_a_pickle_that_calls_something_is_refused(where: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A model from elsewhere must not run code here; every pickle of the file is guarded, not only the tensors'."""
    data = legacy_file({"x": Evil()}, {}).getvalue() if where == "value" else pickled(Evil())
    with pytest.raises(UntrustedFileError, match=r"__builtin__\.print|builtins\.print"):
        read_tensors(io.BytesIO(data))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", [*STRANGERS, STORAGES["ComplexFloatStorage"]])
def test_a_name_beyond_tensors_is_refused(name: type) -> None:
    """Also of torch only what a mapping of tensors needs."""
    with pytest.raises(UntrustedFileError, match="does not need"):
        read_tensors(legacy_file({"x": name}, {}))


@pytest.mark.parametrize(
    "tensor",
    [
        Tensor("a", 0, (25,), (1,)),
        Tensor("a", 24, (1,), (1,)),
        Tensor("a", 0, (2, 2), (1, 23)),
        Tensor("a", 0, (2,), (2**40,)),
    ],
)
def test_a_view_past_its_storage_is_refused(tensor: Tensor) -> None:
    """NumPy would read the memory behind it."""
    with pytest.raises(UntrustedFileError, match="past the end"):
        read_tensors(legacy_file({"x": tensor}, {"a": FLOATS}))


@pytest.mark.parametrize("tensor", [Tensor("a", -1, (1,), (1,)), Tensor("a", 0, (2,), (-1,)), Tensor("a", 0, (2,), ())])
def test_an_impossible_shape_is_refused(tensor: Tensor) -> None:
    """Negative strides would read the memory before it."""
    with pytest.raises(UntrustedFileError, match="impossible shape"):
        read_tensors(legacy_file({"x": tensor}, {"a": FLOATS}))


def test_a_file_cut_off_is_refused() -> None:
    """The last storage lacks its last byte."""
    whole = legacy_file({"x": Tensor("a", 0, (24,), (1,))}, {"a": FLOATS}).getvalue()
    with pytest.raises(UntrustedFileError, match="cut off"):
        read_tensors(io.BytesIO(whole[:-1]))


@pytest.mark.parametrize(
    "file",
    [
        io.BytesIO(b""),
        io.BytesIO(b"PK\x03\x04 the format after this one"),
        legacy_file({}, {}, magic=1),
        legacy_file([1, 2], {}),
        legacy_file({"x": 1}, {}),
        legacy_file({"x": Tensor("a", 0, (1,), (1,))}, {}, keys=["b"]),
    ],
)
def test_another_kind_of_file_is_refused(file: io.BytesIO) -> None:
    """With words, not with whatever the pickle module raises."""
    with pytest.raises(UntrustedFileError):
        read_tensors(file)
