"""Which arithmetic a linear filter uses: the accumulator, and where in a row sums are fused multiply-adds.

OpenCV sums the greater part of a row in vectors, with fused multiply-adds, and the rest one by one, partly without.
Integer results can depend on that in a tie, float results do in their last bits. The place where one way ends and the
other begins is a function of the number of elements in a row alone, so CPU and CUDA kernels follow the same tables.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

# What sums are: floats; whole numbers with 8 fractional bits in each direction; whole numbers.
FLOAT, FIXED, WHOLE = 0, 1, 2
# Columns that are summed another way: [1 2 1] and [1 -2 1] into float32, others of three mirrored taps into float32,
# and the rest of a row in fixed point.
SMOOTH_COLUMN, OTHER_COLUMN, FIXED_REST = 1, 2, 3
FLT_EPSILON = 2.0**-23


class Separable(NamedTuple):
    """A separable filter as kernels take it: its taps are in the type of the sums."""

    kind: int
    """FLOAT, FIXED or WHOLE"""
    row: np.ndarray
    column: np.ndarray
    """behind the taps stand delta and the sign with which the upper tap of a pair counts in a mirrored kernel"""
    row_sign: int
    """1 or -1 for a mirrored row kernel of 3 or 5 taps on float32, which is summed in pairs; 0 for any other"""
    row_step: int
    """fused along the row up to the largest multiple of this in the row's length; 0: nowhere"""
    row_plain: int
    """taps behind the first that the rest of the row does not fuse"""
    column_sign: int
    """1 or -1 for a column kernel that is its own mirror image up to the sign, 0 for any other"""
    column_step: int
    """as row_step, down the columns"""
    special: int
    """0, or SMOOTH_COLUMN, OTHER_COLUMN, FIXED_REST; for WHOLE the way in which three rows are combined"""
    row_special: int
    """whether the rest of the row sums a mirrored kernel another way than its front"""
    delta: float
    added: tuple[int, int] = (0, 0)
    """WHOLE: what is added to the sums in the front and in the rest of a row; FIXED: to the rest, with 16 more bits"""


def buffer_dtype(source, result):
    """The type in which sums are kept unless both kernels allow integers."""
    return np.dtype(np.float64 if "float64" in (np.dtype(source).name, np.dtype(result).name) else np.float32)


def split(length, step):
    """Largest multiple of step that is not above length; 0 for step 0."""
    return length // step * step if step else 0


class _Kernel(NamedTuple):
    """What a one-dimensional kernel is."""

    sign: int
    """1 or -1 where it is its own mirror image up to that sign, else 0"""
    smooth: bool
    """no tap is negative and they sum to 1"""
    whole: bool


def _kernel(taps, anchor):
    sign = 0
    if 2 * anchor + 1 == taps.size:
        sign = 1 if (taps == taps[::-1]).all() else -1 if (taps == -taps[::-1]).all() else 0
    total = 0.0
    for tap in taps.tolist():
        total += tap
    smooth = bool((taps >= 0).all()) and abs(total - 1) <= FLT_EPSILON * (abs(total) + 1)
    whole = bool((taps == np.rint(taps)).all() and (np.abs(taps) < 2.0**31).all())
    return _Kernel(sign, smooth, whole)


def _is_fixed_point(taps):
    """Whether 8 fractional bits hold the taps."""
    scaled = taps * 256
    return bool((np.abs(scaled - np.rint(scaled)) <= 10 * FLT_EPSILON * 256).all())


# By source and buffer: fused up to a multiple of how many elements, and how many taps the rest takes at once.
ROW_STEPS = {
    ("uint8", "float32"): (32, 1),
    ("uint16", "float32"): (4, 1),
    ("int16", "float32"): (4, 1),
    ("float32", "float32"): (4, 4),
    ("uint8", "float64"): (0, 1),
    ("uint16", "float64"): (0, 1),
    ("int16", "float64"): (0, 1),
    ("float32", "float64"): (4, 1),
    ("float64", "float64"): (4, 2),
}


def separable(source, result, kernel_x, kernel_y, anchor_x, anchor_y, delta):
    """The arithmetic of a separable filter; that of 64 recent calls is kept."""
    x, y = kernel_x.astype(np.float64, copy=False).tobytes(), kernel_y.astype(np.float64, copy=False).tobytes()
    return _separable(source.char, result.char, x, y, anchor_x, anchor_y, delta)


@lru_cache(maxsize=64)
def _separable(source, result, kernel_x, kernel_y, anchor_x, anchor_y, delta):
    source, result = (np.dtype(c).name for c in (source, result))
    x, y = np.frombuffer(kernel_x), np.frombuffer(kernel_y)
    of_x, of_y = _kernel(x, anchor_x), _kernel(y, anchor_y)
    if source == "uint8" and result == "int16" and of_x.sign and of_y.sign and of_x.whole and of_y.whole:
        return _whole(x, y, of_y, delta)
    averages = all(k.sign == 1 and k.smooth and not k.whole for k in (of_x, of_y))
    if source == result == "uint8" and averages and _is_fixed_point(x) and _is_fixed_point(y):
        return _fixed(x, y, delta)
    buffer = buffer_dtype(source, result)
    step, block = ROW_STEPS[source, buffer.name]
    row_sign = of_x.sign if source == "float32" and buffer == np.float32 and x.size in (3, 5) else 0
    if not of_y.sign:
        column_step = 0 if result in ("float32", "float64") else 4
    else:
        column_step = {"float32": 8, "float64": 0}.get(result, 4)
    column3 = result == "float32" and y.size == 3 and of_y.sign != 0
    return Separable(
        FLOAT,
        x.astype(buffer),
        np.array([*y, delta, of_y.sign], buffer),
        row_sign,
        8 if row_sign else step,
        (x.size - 1) // block * block,
        of_y.sign,
        column_step,
        (SMOOTH_COLUMN if y.tolist() in ([1, 2, 1], [1, -2, 1]) else OTHER_COLUMN) if column3 else 0,
        int(x.tolist() in ([1, 2, 1], [1, -2, 1], [1, 0, -2, 0, 1])),
        delta,
    )


def _fixed(x, y, delta):
    """8 fractional bits in each direction. Sums along a row are whole and below 2**17, so float32 holds them."""
    x, y = np.rint(x * 256), np.rint(y * 256)
    column = np.array([*(y / 65536), delta, 1], np.float32)
    step = 16 if y.size > 1 else 0
    added = 0, _whole_number(delta * 65536)
    return Separable(FIXED, x.astype(np.float32), column, 0, 1, 0, 1, step, FIXED_REST, 0, delta, added)


def _whole(x, y, of_y, delta):
    """Whole taps from uint8 to int16, summed in int32."""
    column = np.array([*y, 0, of_y.sign], np.int32)
    special = 0
    if y.size == 3:
        special = 1 if y.tolist() in ([1, 2, 1], [1, -2, 1], [-1, 0, 1], [1, 0, -1]) else 2
    return Separable(
        WHOLE,
        x.astype(np.int32),
        column,
        0,
        1,
        0,
        of_y.sign,
        (0, 16, 8)[special],
        special,
        0,
        delta,
        _added(delta, special),
    )


def _added(delta, special):
    """delta as a whole number; the front of a row adds it in 16 bits where three rows are summed in whole numbers."""
    front, rest = _whole_number(np.float32(delta)), _whole_number(delta)
    return (front + 2**15) % 2**16 - 2**15 if special == 1 else rest, rest


def _whole_number(value):
    """A float as int32, what is none being the smallest, as the processor's conversion gives it."""
    return int(np.rint(value)) if -(2.0**31) <= np.rint(value) < 2.0**31 else -(2**31)


class Planar(NamedTuple):
    """A filter with a two-dimensional kernel as kernels take it: its taps that are not 0, in row-major order."""

    rows: np.ndarray
    columns: np.ndarray
    weights: np.ndarray
    step: int
    """fused up to the largest multiple of this in a row's length; 0: nowhere"""
    block: int
    """taps that are summed by themselves before they are added to the others; all of a small kernel"""


# From how many weights on OpenCV multiplies in the frequency domain: 50, but for these pairs of dtypes. There is no
# order of a sum to follow then, and sums of blocks of taps keep rounding errors small.
FREQUENT = {("uint8", "uint8"): 130, ("uint8", "int16"): 130, ("float32", "float32"): 130}
TAPS_OF_A_BLOCK = 32


def in_frequency(source, result, size):
    """Whether OpenCV multiplies a kernel of ``size`` weights in the frequency domain."""
    return size >= FREQUENT.get((source, result), 50)


def planar(source, result, kernel):
    """The arithmetic of a filter with a two-dimensional kernel; that of 64 recent calls is kept."""
    kernel = np.ascontiguousarray(kernel, np.float64)
    return _planar(source.char, result.char, kernel.shape, kernel.tobytes())


@lru_cache(maxsize=64)
def _planar(source, result, shape, kernel):
    source, result = (np.dtype(c).name for c in (source, result))
    kernel = np.frombuffer(kernel).reshape(shape).astype(buffer_dtype(source, result))
    rows, columns = np.nonzero(kernel)
    if not rows.size:
        rows = columns = np.zeros(1, np.intp)
    step = 4 if result in ("uint8", "uint16", "int16") else 8 if source == result == "float32" else 0
    block = TAPS_OF_A_BLOCK if in_frequency(source, result, kernel.size) else rows.size
    return Planar(rows, columns, kernel[rows, columns], step, block)
