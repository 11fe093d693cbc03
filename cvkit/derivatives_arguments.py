"""Arguments of derivatives: orders, scales, and the dtypes of results and of the sums that become them."""

from typing import Any

import numpy as np

from cvkit import check
from cvkit.errors import ArgumentError, DtypeError

DTYPES = ("uint8", "uint16", "int16", "float32", "float64")

# What dtype=None gives: derivatives are negative as often as not, and those of 16 bits exceed 16 bits.
SIGNED = {"uint8": "int16", "uint16": "float32", "int16": "float32", "float32": "float32", "float64": "float64"}
_SIGNED = {np.dtype(source): np.dtype(result) for source, result in SIGNED.items()}  # a dtype's name takes microseconds
# What OpenCV gives for each dtype of the source: by its separable filter, by that of windows, by Laplacians from 5 on.
SEPARABLE_RESULTS = dict.fromkeys(DTYPES, DTYPES) | {"float64": ("uint8", "uint16", "int16", "float64")}
WINDOW_RESULTS = {
    "uint8": DTYPES,
    "uint16": ("uint16", "float32", "float64"),
    "int16": ("int16", "float32", "float64"),
    "float32": ("float32",),
    "float64": ("float64",),
}
LAPLACIAN_RESULTS = dict.fromkeys(DTYPES, DTYPES)

SCHARR = -1  # as a size: its kernel of 3 x 3
FIRST = ((1, 0), (0, 1))  # orders of a first derivative


def checked_orders(operation: Any, dx: Any, dy: Any, ksize: int) -> tuple[int, int]:
    """Orders of the derivative that the size of the kernel allows."""
    if type(dx) is type(dy) is int and (dx, dy) in FIRST:  # of any size; what follows takes a microsecond
        return dx, dy
    name = operation.__name__
    x, y = check.whole(operation, dx, "dx", least=0), check.whole(operation, dy, "dy", least=0)
    if ksize == SCHARR:
        if x + y != 1:
            raise ArgumentError(f"{name}: dx is {x} and dy is {y}; with Scharr's kernel one is 1 and the other is 0.")
        return x, y
    if x + y == 0:
        raise ArgumentError(f"{name}: dx and dy are both 0; it takes a derivative, at least one of them from 1 on.")
    most = max(ksize, 3) - 1
    if max(x, y) > most:
        raise ArgumentError(f"{name}: dx is {x} and dy is {y}; with ksize {ksize} it takes orders up to {most}.")
    return x, y


def result_dtype(operation: Any, value: Any, source: Any, allowed: Any) -> Any:
    """The dtype of the result: None is one that holds negative values, -1 that of the source."""
    return _SIGNED[source] if value is None else check.output_dtype(operation, value, source, allowed)


def accumulator(source: Any, result: Any) -> str:
    """The type of the weights and of the sums."""
    return "float64" if np.float64 in (source, result) else "float32"


def scale_factor(operation: Any, value: Any, dtype: str) -> float:
    """A factor that the type of the weights holds."""
    scale = check.number(operation, value, "scale")
    if dtype == "float32" and abs(scale) > 3.4e38 / 2**31:
        raise ArgumentError(f"{operation.__name__}: scale is {scale:g}; it takes a number that float32 holds.")
    return scale


def float_dtype(operation: Any, value: Any) -> Any:
    """float32 or float64, by NumPy's name or cv2's number."""
    try:
        number = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        dtype = np.dtype(check.DEPTHS[int(value)] if number else value)
    except (IndexError, TypeError):
        dtype = None
    if value is None or dtype not in (np.float32, np.float64):
        raise DtypeError(f"{operation.__name__}: dtype is {check.shown(value)}; it takes float32 or float64.")
    return dtype
