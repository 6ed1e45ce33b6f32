"""Reads tensors from torch's legacy file format (before its zip files) without torch and without trusting the file.

The file is a row of pickles: a magic number, a protocol version, a note on the writing system, the object (a mapping of
names to tensors that name their storage), the list of storage keys; then each storage, in that order, as an int64 count
and the raw little-endian numbers. A tensor is a view of its storage (an offset, a size and strides, often not
contiguous). A pickle can call anything, so only the names that a mapping of tensors needs are let through.
"""

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from sightline_spark.models.errors import ModelError

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

Array = NDArray[Any]


class UntrustedFileError(ModelError):
    """The file is not a mapping of tensors in torch's legacy format, or wants more than such a file needs."""


@dataclass(frozen=True, slots=True)
class _View:
    """A tensor before its storage is read: where it lies in it, counted in elements."""

    storage: str
    dtype: np.dtype[Any]
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def _view(storage: tuple[str, np.dtype[Any]], offset: int, size: Any, stride: Any, *_training: object) -> _View:
    return _View(*storage, int(offset), tuple(map(int, size)), tuple(map(int, stride)))


class _Unpickler(pickle.Unpickler):
    """Knows ordered dictionaries, tensors and storages; refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _view
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise UntrustedFileError(f"the file asks for {module}.{name}, which a mapping of tensors does not need")

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype[Any]]:
        match pid:
            case ("storage", np.dtype() as dtype, str(key), str(), int(), None):
                return key, dtype
        raise UntrustedFileError("the file refers to something that is not a whole storage")


def read_tensors(file: BinaryIO) -> dict[str, Array]:
    """Read a mapping of names to tensors, as C-contiguous arrays. Raises UntrustedFileError."""
    try:
        if _Unpickler(file).load() != MAGIC or _Unpickler(file).load() != PROTOCOL:
            raise UntrustedFileError("this is not a file in torch's legacy format")
        _Unpickler(file).load()  # the writing system's sizes; our dtypes say theirs
        views, keys = _Unpickler(file).load(), _Unpickler(file).load()
    except UntrustedFileError:
        raise
    except Exception as error:  # a broken pickle can raise nearly anything
        raise UntrustedFileError(f"this is not a file in torch's legacy format: {error}") from error
    _check_views(views)
    storages = _read_storages(file, keys, {view.storage: view.dtype for view in views.values()})
    return {name: _tensor(name, view, storages) for name, view in views.items()}


def _check_views(views: object) -> None:
    if not isinstance(views, Mapping) or not all(
        isinstance(name, str) and isinstance(view, _View) for name, view in views.items()
    ):
        raise UntrustedFileError("the file does not hold a mapping of names to tensors")


def _read_storages(file: BinaryIO, keys: object, dtypes: Mapping[str, np.dtype[Any]]) -> dict[str, Array]:
    if not isinstance(keys, list) or set(keys) != set(dtypes):
        raise UntrustedFileError("the file's list of storages does not match its tensors")
    return {key: _read_storage(file, dtypes[key]) for key in keys}


def _read_storage(file: BinaryIO, dtype: np.dtype[Any]) -> Array:
    count = int.from_bytes(file.read(8), "little", signed=True)
    start = file.tell()
    left = file.seek(0, 2) - file.seek(start)
    if not 0 <= count * dtype.itemsize <= left:
        raise UntrustedFileError(f"the file is cut off: a storage of {count} numbers does not fit into {left} bytes")
    return np.frombuffer(file.read(count * dtype.itemsize), dtype)


def _tensor(name: str, view: _View, storages: Mapping[str, Array]) -> Array:
    storage = storages[view.storage]
    if len(view.size) != len(view.stride) or min((view.offset, *view.size, *view.stride), default=0) < 0:
        raise UntrustedFileError(f"tensor {name} has an impossible shape")
    # as_strided checks nothing: a view past the storage's end would read the memory behind it.
    last = view.offset + sum((side - 1) * step for side, step in zip(view.size, view.stride, strict=True))
    if 0 not in view.size and last >= len(storage):
        raise UntrustedFileError(f"tensor {name} reaches past the end of its storage")
    strides = [step * storage.itemsize for step in view.stride]
    return np.ascontiguousarray(as_strided(storage[view.offset :], view.size, strides))
