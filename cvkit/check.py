"""Every rule about arguments and the text of every error about them, once.

Each function takes the operation first, so that its declaration gives what is allowed. Texts are built only when a rule
is broken.
"""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit.errors import ArgumentError, CvkitError, DtypeError
from cvkit.operation import Spec, spec_of

BORDERS = {"constant": 0, "replicate": 1, "reflect": 2, "wrap": 3, "reflect101": 4}
EXACT = 1 << 53  # float64 holds whole numbers up to here
ISOLATED = 16  # cv2's flag, which changes nothing for arrays
DEPTHS = ("uint8", "int8", "uint16", "int16", "int32", "float32", "float64")  # by cv2's numbers

Operation = Callable[..., Any]
Array = NDArray[Any]


class Image(NamedTuple):
    """A checked image: ``rows`` is (h, w * channels), C-contiguous, aligned, native and read-only; or an array on a GPU
    as it came. ``source`` is the caller's array.
    """

    rows: Any
    height: int
    width: int
    channels: int
    source: Any
    on_gpu: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a result of the same size: one channel has no axis of its own, as in OpenCV."""
        return (self.height, self.width) if self.channels == 1 else (self.height, self.width, self.channels)


_made = tuple.__new__  # a named tuple's own constructor is a Python function


def image(operation: Operation, src: Any, name: str = "src") -> Image:
    """The image that an operation takes, ready for its kernels. The caller's array is never changed, nor copied without
    need.
    """
    spec = spec_of(operation)
    if type(src) is not np.ndarray:
        if on_gpu(src):
            return _image_on_gpu(spec, src, name)
        src = _host_array(spec, src, name)
    source, dtype = src, src.dtype
    if dtype.num not in spec.dtype_numbers:
        raise _dtype_error(spec, dtype, name)
    shape = src.shape
    height, width, channels = (
        (*shape, 1) if len(shape) == 2 and src.size and 1 in spec.channels else _dimensions(spec, shape, name)
    )
    # One contiguity, alignment, byte order and writability: so one dtype compiles one signature of a kernel, which
    # can't write it.
    if not (src.flags.carray and dtype.isnative):
        src = np.require(src, dtype.newbyteorder("="), ["C", "A"])
    rows = src.view() if channels == 1 and len(shape) == 2 else src.reshape(height, width * channels)
    rows.setflags(write=False)
    return _made(Image, (rows, height, width, channels, source, False))


def on_gpu(array: Any) -> bool:
    """Whether an array lies on a CUDA device: it says so by ``__cuda_array_interface__`` or by DLPack."""
    if isinstance(array, type):
        return False
    if hasattr(array, "__cuda_array_interface__"):
        return True
    device = getattr(array, "__dlpack_device__", None)
    return device is not None and device()[0] in (2, 13)  # kDLCUDA, kDLCUDAManaged


def same_size(operation: Operation, first: Image, second: Image, names: tuple[str, str]) -> None:
    """Two images of one height, width and number of channels."""
    a, b = first[1:4], second[1:4]
    if a != b:
        raise ArgumentError(
            f"{spec_of(operation).name}: {names[0]} is {_size(a)} and {names[1]} is {_size(b)}; they take one size."
        )


def number(operation: Operation, value: Any, name: str) -> float:
    """A finite real number."""
    # The usual cases; what follows takes longer.
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int and -EXACT <= value <= EXACT:
        return float(value)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise DtypeError(f"{spec_of(operation).name}: {name} is {shown(value)}; it takes a number.")
    try:
        result = float(value)
    except OverflowError:  # an int above all floats
        result = math.copysign(sys.float_info.max, 1 if value > 0 else -1)
    if not math.isfinite(result):
        raise ArgumentError(f"{spec_of(operation).name}: {name} is {value}; it takes a finite number.")
    return result


def choice(operation: Operation, value: Any, name: str) -> Any:
    """One of the values that the declaration lists for the argument, as it stands there."""
    spec = spec_of(operation)
    allowed = spec.choices[name]
    if type(value) is int and value in allowed:
        return value
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer, str)) or value not in allowed:
        raise ArgumentError(f"{spec.name}: {name} is {shown(value)}; it takes {listed(allowed)}.")
    return allowed[allowed.index(value)]


def flag(operation: Operation, value: Any, name: str) -> bool:
    """True or False, or 1 or 0 as cv2 takes them."""
    if type(value) is bool:
        return value
    if not isinstance(value, (bool, np.bool_, int, np.integer)) or value not in (0, 1):
        raise DtypeError(f"{spec_of(operation).name}: {name} is {shown(value)}; it takes True or False.")
    return bool(value)


def border(operation: Operation, value: Any, allowed: Sequence[str] | None = None) -> int:
    """OpenCV's number of a border, given by word or by number; ``allowed`` narrows what the declaration lists."""
    spec = spec_of(operation)
    words = spec.borders if allowed is None else allowed
    if isinstance(value, str):
        word = value
    elif isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        word = {number: name for name, number in BORDERS.items()}.get(int(value) & ~ISOLATED, "")
    else:
        raise DtypeError(f"{spec.name}: border is {shown(value)}; it takes {listed(words)}.")
    if word not in words:
        raise ArgumentError(f"{spec.name}: border is {shown(value)}; it takes {listed(words)}.")
    return BORDERS[word]


def size(
    operation: Operation, value: Any, name: str = "ksize", *, least: int = 1, odd: bool = False
) -> tuple[int, int]:
    """Width and height of a kernel, in cv2's order; one number stands for both."""
    pair: Any = (value, value) if isinstance(value, (int, np.integer)) else value
    if type(pair) is tuple and len(pair) == 2:  # the usual case; what follows takes a microsecond
        w, h = pair
        if type(w) is int and type(h) is int and w >= least and h >= least and not (odd and w & h & 1 == 0):
            return w, h
    spec = spec_of(operation)
    wanted = f"a width and a height, whole numbers from {least} on" + (", odd" if odd else "")
    if not isinstance(pair, (tuple, list, np.ndarray)) or len(pair) != 2 or not all(_whole(v) for v in pair):
        raise DtypeError(f"{spec.name}: {name} is {shown(value)}; it takes {wanted}.")
    if any(v < least or (odd and v % 2 == 0) for v in pair):
        raise ArgumentError(f"{spec.name}: {name} is {tuple(int(v) for v in pair)}; it takes {wanted}.")
    return int(pair[0]), int(pair[1])


def whole(operation: Operation, value: Any, name: str, *, least: int | None = None, most: int | None = None) -> int:
    """A whole number within bounds."""
    spec = spec_of(operation)
    if not _whole(value):
        raise DtypeError(f"{spec.name}: {name} is {shown(value)}; it takes a whole number.")
    if (least is not None and value < least) or (most is not None and value > most):
        bounds = [f"from {least}" if least is not None else "", f"up to {most}" if most is not None else ""]
        raise ArgumentError(
            f"{spec.name}: {name} is {value}; it takes a whole number {' '.join(filter(None, bounds))}."
        )
    return int(value)


def anchor(operation: Operation, value: Any, ksize: tuple[int, int]) -> tuple[int, int]:
    """The anchor (x, y) in a kernel of ``ksize``; -1 is the middle."""
    if type(value) is tuple and value == (-1, -1) and type(value[0]) is type(value[1]) is int:  # the usual case
        return ksize[0] // 2, ksize[1] // 2
    spec = spec_of(operation)
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(_whole(v) for v in value):
        raise DtypeError(f"{spec.name}: anchor is {shown(value)}; it takes two whole numbers (x, y).")
    x, y = (n // 2 if v == -1 else int(v) for v, n in zip(value, ksize, strict=True))
    if not (0 <= x < ksize[0] and 0 <= y < ksize[1]):
        raise ArgumentError(
            f"{spec.name}: anchor is {tuple(value)}; it takes a place in the {ksize[0]} x {ksize[1]} kernel."
        )
    return x, y


def output_dtype(operation: Operation, value: Any, source: Any, allowed: Mapping[str, Sequence[str]]) -> Any:
    """The dtype of the result: None or -1 is the source's; a NumPy dtype, its name or cv2's number of a depth.

    ``allowed`` lists for each dtype of the source what the result may have.
    """
    spec = spec_of(operation)
    try:
        if value is None or (_whole(value) and value == -1):
            dtype = np.dtype(source)
        else:
            dtype = np.dtype(DEPTHS[int(value)] if _whole(value) else value)
    except (IndexError, TypeError):
        raise DtypeError(f"{spec.name}: dtype is {shown(value)}; it takes a NumPy dtype or a depth of cv2.") from None
    takes = allowed[_name(np.dtype(source))]
    if _name(dtype) not in takes:
        raise DtypeError(
            f"{spec.name}: dtype is {_name(dtype)}; for a source of {np.dtype(source)} it takes {listed(takes)}."
        )
    return dtype


@cache
def _name(dtype: Any) -> str:
    """A dtype's name, which takes NumPy a microsecond to make."""
    return str(dtype.name)


def result(operation: Operation, out: Any, shape: tuple[int, ...], dtype: Any, inputs: tuple[Image, ...]) -> None:
    """Whether a caller's ``out`` can take the result: a writable array of its shape and dtype that shares no memory
    with an input.
    """
    if type(out) is np.ndarray and out.dtype == dtype and out.shape == shape and out.flags.writeable:
        for given in inputs:
            source = given.source
            if type(source) is not np.ndarray:
                break
            apart = out.base is None and source.base is None and out is not source  # each has memory of its own
            if not apart and np.may_share_memory(out, source):
                break
        else:
            return  # the usual case
    name = spec_of(operation).name
    if not isinstance(out, np.ndarray):
        raise DtypeError(
            f"{name}: out is {shown(out)}; it takes a NumPy array of shape {shape} and dtype {np.dtype(dtype)}."
        )
    if out.dtype != dtype:
        raise DtypeError(f"{name}: out has dtype {out.dtype}; the result has {np.dtype(dtype)}.")
    if out.shape != shape:
        raise ArgumentError(f"{name}: out has shape {out.shape}; the result has {shape}.")
    if not out.flags.writeable:
        raise ArgumentError(f"{name}: out is read-only; it takes an array that can be written.")
    for given in inputs:
        if isinstance(given.source, np.ndarray) and _overlap(out, given.source):
            raise ArgumentError(f"{name}: out overlaps an input; it takes an array with memory of its own.")


def _overlap(a: Array, b: Array) -> bool:
    if not np.may_share_memory(a, b):  # the ends of both, which is quick
        return False
    try:
        return np.shares_memory(a, b, max_work=10_000)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True  # not sure, so no risk


def _host_array(spec: Spec, src: Any, name: str) -> Array:
    """A NumPy array over what else carries pixels: subclasses, and tensors in host memory by DLPack."""
    if isinstance(src, np.ma.MaskedArray):
        raise DtypeError(
            f"{spec.name}: {name} is a masked array, whose mask would be lost; it takes a plain array. "
            f"Pass {name}.data or {name}.filled(value)."
        )
    if isinstance(src, np.ndarray):
        return np.asarray(src)
    if hasattr(src, "__dlpack__") and not isinstance(src, type):
        try:
            return np.from_dlpack(src)
        except (BufferError, RuntimeError, TypeError) as error:
            raise DtypeError(f"{spec.name}: {name} can't be read as an array: {error}.") from None
    if type(src).__module__.partition(".")[0] == "PIL":
        raise DtypeError(
            f"{spec.name}: {name} is a PIL image; it takes an array. "
            f"Pass numpy.asarray({name}), whose channels are RGB, not BGR."
        )
    if isinstance(src, (str, bytes)) or hasattr(src, "__fspath__"):
        raise DtypeError(f"{spec.name}: {name} is {shown(src)}; it takes an array. Read a file with cvkit.imread.")
    hint = f" Pass numpy.asarray({name}, numpy.{spec.dtypes[0]})." if isinstance(src, (list, tuple)) else ""
    raise DtypeError(f"{spec.name}: {name} is {shown(src)}; it takes an array of {listed(spec.dtypes)}.{hint}")


def _image_on_gpu(spec: Spec, src: Any, name: str) -> Image:
    """The same rules for an array on a GPU, whose pixels are not touched here."""
    interface = getattr(src, "__cuda_array_interface__", None)
    dtype = np.dtype(interface["typestr"]) if interface else np.dtype(str(src.dtype).rpartition(".")[2])
    if dtype.name not in spec.dtypes:
        raise _dtype_error(spec, dtype, name)
    shape = tuple(interface["shape"] if interface else src.shape)
    return Image(src, *_dimensions(spec, shape, name), src, on_gpu=True)


def _dimensions(spec: Spec, shape: tuple[int, ...], name: str) -> tuple[int, int, int]:
    if len(shape) == 2 and 1 in spec.channels:
        height, width = shape
        channels = 1
    elif len(shape) == 3 and shape[2] in spec.channels:
        height, width, channels = shape
    else:
        raise _shape_error(spec, shape, name)
    if height == 0 or width == 0:
        raise ArgumentError(f"{spec.name}: {name} is empty: shape {shape}; it takes an image of at least one pixel.")
    return height, width, channels


def _dtype_error(spec: Spec, dtype: Any, name: str) -> CvkitError:
    return DtypeError(
        f"{spec.name}: {name} has dtype {dtype}; it takes {listed(spec.dtypes)}. "
        "Convert it yourself: cvkit never rescales pixel values."
    )


def _shape_error(spec: Spec, shape: tuple[int, ...], name: str) -> CvkitError:
    if 0 in shape:
        return ArgumentError(f"{spec.name}: {name} is empty: shape {shape}; it takes an image of at least one pixel.")
    forms = (["(H, W)"] if 1 in spec.channels else []) + [f"(H, W, C) with C = {listed(spec.channels)}"]
    hint = ""
    if len(shape) == 3 and shape[0] in spec.channels:
        hint = f" If the channels stand first, pass numpy.moveaxis({name}, 0, -1)."
    elif len(shape) == 4:
        hint = " Pass the images of a batch one by one."
    return ArgumentError(f"{spec.name}: {name} has shape {shape}; it takes {' or '.join(forms)}.{hint}")


def _whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))


def _size(dimensions: tuple[Any, ...]) -> str:
    height, width, channels = dimensions
    return f"{height} x {width} with {channels} channel{'s' if channels > 1 else ''}"


def listed(values: Sequence[Any]) -> str:
    """ "a, b or c", for error texts."""
    words = [str(v) for v in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def shown(value: Any) -> str:
    """A value in an error text: small ones as they are, others by their type."""
    if value is None or isinstance(value, (bool, int, float, str, np.generic)):
        text = repr(value)
        return text if len(text) <= 60 else text[:57] + "..."
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    return f"a{'n' if name[0] in 'aeiou' else ''} {name}"
