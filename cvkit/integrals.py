"""Integral images: sums over every rectangle from the corner of an image, from which those of all others follow."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from cvkit import check
from cvkit.check import Image, Operation
from cvkit.errors import DtypeError
from cvkit.operation import operation, spec_of
from cvkit.run.placement import OnCpu, OnCuda, kernels, place

DTYPES = ("uint8", "uint16", "int16", "float32", "float64")

# For each dtype of the source the sums that cv2 makes, and for each of them the sums of squares; the default first.
SUMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "uint8": {
        "int32": ("float64", "int32", "float32"),
        "float32": ("float64", "float32"),
        "float64": ("float64",),
    },
    "uint16": {"float64": ("float64",)},
    "int16": {"float64": ("float64",)},
    "float32": {"float64": ("float64",), "float32": ("float64", "float32")},
    "float64": {"float64": ("float64",)},
}


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/integrals.py or kernels/cvkit_cuda/integrals.py"""
    return kernels(where.name, "integrals")


class Integral2(NamedTuple):
    """Integral images; each has a row and a column more than the image."""

    sum: Any
    """sums of the pixels above and to the left"""
    sqsum: Any
    """sums of their squares"""


class Integral3(NamedTuple):
    """Integral images; each has a row and a column more than the image."""

    sum: Any
    """sums of the pixels above and to the left"""
    sqsum: Any
    """sums of their squares"""
    tilted: Any
    """sums of the pixels in the triangle above, whose sides fall at 45 degrees"""


def _sum_dtype(operation: Operation, value: Any, name: str, source: Any, allowed: tuple[str, ...]) -> Any:
    """The dtype of sums: the first of those allowed for None and -1, else one of them or cv2's number of it."""
    if value is None or (isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value == -1):
        return np.dtype(allowed[0])
    try:
        number = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))
        dtype = np.dtype(check.DEPTHS[int(value)] if number else value)
    except (IndexError, TypeError):
        raise DtypeError(
            f"{spec_of(operation).name}: {name} is {check.shown(value)}; it takes a NumPy dtype or a depth of cv2."
        ) from None
    if dtype.name not in allowed:
        raise DtypeError(
            f"{spec_of(operation).name}: {name} is {dtype.name}; for {source} it takes {check.listed(allowed)}."
        )
    return dtype


def _shape(image: Image) -> tuple[int, ...]:
    """The shape of an integral image: a row and a column more."""
    return (image.height + 1, image.width + 1, *image.shape[2:])


def _rows(array: Any) -> Any:
    """An array as plans take it."""
    height, *others = array.shape
    return array.reshape(height, math.prod(others))


@operation(dtypes=DTYPES, channels=(1, 2, 3, 4), result="(H + 1, W + 1), int32 for uint8, else float64, or dtype")
def integral(src: Any, *, dtype: Any = None, device: str = "auto", out: Any = None) -> Any:
    """Integral image: the sums of all pixels above and to the left; four of them give the sum over any rectangle.

    Equal to ``cv2.integral(src, sdepth=depth)`` bit for bit, on both devices.

    Parameters
    ----------
    src
        Image of uint8, uint16, int16, float32 or float64, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never
        written to.
    dtype
        Dtype of the sums: for uint8 int32, float32 or float64; for float32 float64 or float32; else float64. None or
        -1 is the first of these. Sums in int32 wrap around.
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        Array of the result's shape and dtype in host memory that takes the result.

    Returns
    -------
    Array (H + 1, W + 1) or (H + 1, W + 1, C), zero in its first row and column; on the GPU an array of the kind that
    came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    F. C. Crow, Summed-area tables for texture mapping, SIGGRAPH 1984. With IPP, cv2 sums float32 in another order.

    Examples
    --------
    >>> integral(np.array([[1, 2], [3, 4]], np.uint8))
    array([[ 0,  0,  0],
           [ 0,  1,  3],
           [ 0,  4, 10]], dtype=int32)
    """
    image = check.image(integral, src)
    where = place(integral, device, image)
    (rows,) = where.rows()
    result = _sum_dtype(integral, dtype, "dtype", rows.dtype, tuple(SUMS[rows.dtype.name]))
    dst = where.result(out, _shape(image), result)
    _kernels(where).integral(where.unit, rows, _rows(dst), image.channels)
    return where.hand_back(dst)


def _several(operation: Operation, src: Any, dtype: Any, sq_dtype: Any, device: str, tilted: bool) -> list[Any]:
    """Integral images of one source: sums, sums of squares and, if wanted, tilted sums."""
    image = check.image(operation, src)
    where = place(operation, device, image)
    (rows,) = where.rows()
    allowed = SUMS[rows.dtype.name]
    result = _sum_dtype(operation, dtype, "dtype", rows.dtype, tuple(allowed))
    source = f"{rows.dtype} with sums in {result}"
    squares = _sum_dtype(operation, sq_dtype, "sq_dtype", source, allowed[result.name])
    dtypes = (result, squares, result) if tilted else (result, squares)
    arrays = [where.result(None, _shape(image), each) for each in dtypes]
    plan = _kernels(where).integral3 if tilted else _kernels(where).integral2
    plan(where.unit, rows, *map(_rows, arrays), image.channels)
    return [where.hand_back(a) for a in arrays]


@operation(dtypes=DTYPES, channels=(1, 2, 3, 4), result="(sum, sqsum), each (H + 1, W + 1)")
def integral2(src: Any, *, dtype: Any = None, sq_dtype: Any = None, device: str = "auto") -> Integral2:
    """Integral images of the pixels and of their squares: together they give any rectangle's mean and variance.

    Equal to ``cv2.integral2(src, sdepth=depth, sqdepth=sq_depth)`` bit for bit, on both devices.

    Parameters
    ----------
    src, dtype, device
        As for ``integral``.
    sq_dtype
        Dtype of the sums of squares: float64, also for None and -1; float32 where dtype is int32 or float32 and src
        uint8 or float32; int32 where dtype is int32.

    Returns
    -------
    Integral2
        Arrays sum and sqsum, each (H + 1, W + 1) or (H + 1, W + 1, C).

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    F. C. Crow, Summed-area tables for texture mapping, SIGGRAPH 1984.

    Examples
    --------
    >>> integral2(np.array([[1, 2], [3, 4]], np.uint8)).sqsum
    array([[ 0.,  0.,  0.],
           [ 0.,  1.,  5.],
           [ 0., 10., 30.]])
    """
    return Integral2(*_several(integral2, src, dtype, sq_dtype, device, False))


@operation(dtypes=DTYPES, channels=(1, 2, 3, 4), result="(sum, sqsum, tilted), each (H + 1, W + 1)")
def integral3(src: Any, *, dtype: Any = None, sq_dtype: Any = None, device: str = "auto") -> Integral3:
    """Integral images of the pixels, of their squares and, for rectangles at 45 degrees, of triangles.

    Equal to ``cv2.integral3(src, sdepth=depth, sqdepth=sq_depth)`` bit for bit, on both devices.

    Parameters
    ----------
    src, dtype, sq_dtype, device
        As for ``integral2``; the tilted sums have ``dtype`` too.

    Returns
    -------
    Integral3
        Arrays sum, sqsum and tilted, each (H + 1, W + 1) or (H + 1, W + 1, C).

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    R. Lienhart and J. Maydt, An extended set of Haar-like features for rapid object detection, ICIP 2002.

    Examples
    --------
    >>> integral3(np.array([[1, 2, 3], [4, 5, 6]], np.uint8)).tilted
    array([[ 0,  0,  0,  0],
           [ 0,  1,  2,  3],
           [ 1,  7, 11, 11]], dtype=int32)
    """
    return Integral3(*_several(integral3, src, dtype, sq_dtype, device, True))
