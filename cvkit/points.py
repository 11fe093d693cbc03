"""What operations on points take: arrays of x and y, checked as images are."""

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.check import Image, Operation
from cvkit.errors import ArgumentError, DtypeError
from cvkit.operation import spec_of
from cvkit.run.placement import DEVICES, OnCpu, OnCuda, place

Array = NDArray[Any]

NUMBERS = (np.dtype(np.int32).num, np.dtype(np.float32).num)
TAKES = "points x, y in int32 or float32, (N, 2) or (N, 1, 2)"
INT32 = np.iinfo(np.int32)


def points(operation: Operation, value: Any, name: str, *, floats: bool = True, finite: bool = True) -> Image:
    """Points as rows (N, 2) of int32 or float32, C-contiguous and read-only; or an array on a GPU as it came.

    Other whole numbers become int32 where they fit. finite: whether floats are looked at here.
    """
    spec = spec_of(operation)
    takes = TAKES if floats else TAKES.replace(" or float32", "")
    if check.on_gpu(value):
        interface = getattr(value, "__cuda_array_interface__", None)
        dtype = np.dtype(interface["typestr"]) if interface else np.dtype(str(value.dtype).rpartition(".")[2])
        shape = tuple(interface["shape"] if interface else value.shape)
        if dtype not in (np.int32, np.float32):
            raise DtypeError(f"{spec.name}: {name} has dtype {dtype}; it takes {takes}.")
        return Image(value, _count(spec.name, name, shape, takes), 2, 1, value, on_gpu=True)
    given = value if type(value) is np.ndarray else _array(spec.name, value, name, takes)
    kind = given.dtype.kind
    if given.dtype.num not in NUMBERS[: 1 + floats]:
        if given.size and kind not in "iu":
            hint = f" Pass {name}.astype(numpy.float32)." if floats and kind == "f" else ""
            raise DtypeError(f"{spec.name}: {name} has dtype {given.dtype}; it takes {takes}.{hint}")
        if given.size and (given.max() > INT32.max or given.min() < INT32.min):
            raise ArgumentError(f"{spec.name}: {name} has coordinates that are no int32; it takes {takes}.")
    count = _count(spec.name, name, given.shape, takes)
    if not (given.flags.carray and given.dtype.isnative) or given.dtype.num not in NUMBERS:
        given = np.require(given, np.float32 if kind == "f" else np.int32, ["C", "A"])
    rows = given.reshape(count, 2)
    rows.setflags(write=False)
    if finite and kind == "f" and not math.isfinite(float(rows.max()) - float(rows.min())):
        raise not_finite(operation, name)
    return Image(rows, count, 2, 1, value)


def not_finite(operation: Operation, name: str) -> ArgumentError:
    """The error about points of which one is NaN or infinite."""
    return ArgumentError(f"{spec_of(operation).name}: {name} holds NaN or infinity; it takes finite coordinates.")


def is_image(value: Any, dtypes: tuple[str, ...]) -> bool:
    """Whether an array is an image of one of the dtypes; cv2 takes one that could be points as well for points."""
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return False
    name = _names(dtype.num) if type(value) is np.ndarray else str(dtype).rpartition(".")[2]
    if name not in dtypes:
        return False
    shape = tuple(value.shape)
    of_points = len(shape) in (2, 3) and shape[-1] == 2 and (len(shape) == 2 or shape[1] == 1)
    return not (of_points and name == "float32")


@cache
def _names(number: int) -> str:
    """The name of a dtype by NumPy's number; made anew it takes a microsecond."""
    return next((np.dtype(c).name for c in np.typecodes["AllInteger"] + "fd" if np.dtype(c).num == number), "")


def on_host(operation: Operation, device: Any, *arrays: Image) -> OnCpu | OnCuda:
    """Where an operation runs that is the host's work, whichever device is asked for."""
    return place(operation, "cpu" if isinstance(device, str) and device in DEVICES else device, *arrays)


def _array(operation: str, value: Any, name: str, takes: str) -> Array:
    if isinstance(value, (np.ma.MaskedArray, str, bytes)) or value is None:
        raise DtypeError(f"{operation}: {name} is {check.shown(value)}; it takes {takes}.")
    try:
        return np.asarray(value)
    except (ValueError, TypeError):
        raise DtypeError(f"{operation}: {name} is {check.shown(value)}; it takes {takes}.") from None


def _count(operation: str, name: str, shape: tuple[int, ...], takes: str) -> int:
    """How many points an array of this shape holds."""
    if 0 in shape:
        raise ArgumentError(f"{operation}: {name} is empty: shape {shape}; it takes at least one point.")
    if not (len(shape) == 2 and shape[1] == 2) and not (len(shape) == 3 and shape[1:] == (1, 2)):
        raise ArgumentError(f"{operation}: {name} has shape {shape}; it takes {takes}.")
    return int(shape[0])


def binary(src: Any) -> Any:
    """A bool array counts as 0 and 1."""
    return src.view(np.uint8) if isinstance(src, np.ndarray) and src.dtype == np.bool_ else src
