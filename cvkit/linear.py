"""Linear filters: correlation with any kernel, and with the product of two one-dimensional kernels."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.errors import ArgumentError, DtypeError
from cvkit.operation import operation
from cvkit.run.placement import OnCpu, OnCuda, kernels, place

FEW = 100  # weights that are looked at one by one faster than by NumPy

DTYPES = ("uint8", "uint16", "int16", "float32", "float64")
BORDERS = ("constant", "replicate", "reflect", "reflect101")

# What OpenCV gives for each dtype of the source.
PLANAR_RESULTS = {
    "uint8": DTYPES,
    "uint16": ("uint16", "float32", "float64"),
    "int16": ("int16", "float32", "float64"),
    "float32": ("float32",),
    "float64": ("float64",),
}
SEPARABLE_RESULTS = dict.fromkeys(DTYPES, DTYPES) | {"float64": ("uint8", "uint16", "int16", "float64")}


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/linear.py or kernels/cvkit_cuda/linear.py"""
    return kernels(where.name, "linear")


def _weights(operation: Any, value: Any, name: str, axes: int) -> NDArray[np.float64]:
    """A kernel of finite weights in float64; one-dimensional ones may also be a row or a column."""
    wanted = "numbers in two dimensions" if axes == 2 else "numbers in a row"
    try:
        given = np.asarray(value)
    except ValueError:
        raise DtypeError(f"{operation.__name__}: {name} is {check.shown(value)}; it takes {wanted}.") from None
    if given.dtype.kind not in "iuf":
        raise DtypeError(f"{operation.__name__}: {name} has dtype {given.dtype}; it takes {wanted}.")
    if axes == 1 and given.ndim == 2 and 1 in given.shape:
        given = given.ravel()
    if given.ndim != axes or not given.size:
        raise ArgumentError(f"{operation.__name__}: {name} has shape {given.shape}; it takes {wanted}, at least one.")
    weights = given.astype(np.float64)
    if weights.size <= FEW:
        finite = all(map(math.isfinite, weights.ravel().tolist()))
    else:
        finite = bool(np.isfinite(weights).all())
    if not finite:
        raise ArgumentError(f"{operation.__name__}: {name} has a weight that is not finite; it takes finite numbers.")
    return weights


@operation(dtypes=DTYPES, channels=(1, 2, 3, 4), borders=BORDERS, result="dtype, by default that of the source")
def filter2d(
    src: Any,
    kernel: Any,
    *,
    dtype: Any = None,
    delta: float = 0,
    anchor: tuple[int, int] = (-1, -1),
    border: str | int = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Correlate an image with any kernel: every pixel becomes the weighted sum of its surroundings.

    Equal to ``cv2.filter2D(src, dtype, kernel, anchor=anchor, delta=delta, borderType=border)`` in every bit, on both
    devices, as long as OpenCV sums directly. From 130 weights on (50 where uint8, int16 or float32 does not become
    uint8, int16 or float32) it multiplies in the frequency domain, whose rounding cvkit does not repeat: then integers
    are within 1, and floats within 4e-6 of the largest (1e-14 from float64).

    Parameters
    ----------
    src
        Image, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to. Its values are finite.
    kernel
        Weights in two dimensions. It is not flipped, may be larger than the image, and is the same for all channels.
    dtype
        Of the result: None as the source; from uint8 any, from uint16 and int16 also float32 and float64. Integers are
        rounded half to even and saturated.
    delta
        Number that is added to every sum.
    anchor
        Place (x, y) of the pixel itself in the kernel; -1 is the middle, for an even size the one behind it.
    border
        What lies outside the image: "constant" (zeros), "replicate", "reflect" or "reflect101"; or cv2's constant.
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        Array in host memory of the shape of src that takes the result.

    Returns
    -------
    Array of the shape of src; on the GPU of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    The sum over all weights but zeros in the order of the rows: its time grows with the number of weights. Where the
    kernel is a product of two rows of weights, ``sep_filter2d`` takes a fraction of it.

    Examples
    --------
    >>> step = np.array([[0, 0, 90, 90]], np.uint8)
    >>> filter2d(step, [[-1, 0, 1]], dtype="int16")
    array([[ 0, 90, 90,  0]], dtype=int16)
    """
    image = check.image(filter2d, src)
    weights = _weights(filter2d, kernel, "kernel", 2)
    height, width = weights.shape
    x, y = check.anchor(filter2d, anchor, (width, height))
    offset = check.number(filter2d, delta, "delta")
    code = check.border(filter2d, border)
    where = place(filter2d, device, image)
    (rows,) = where.rows()
    result = check.output_dtype(filter2d, dtype, rows.dtype, PLANAR_RESULTS)
    dst = where.result(out, image.shape, result)
    _kernels(where).filter2d(where.unit, rows, dst.reshape(rows.shape), image.channels, weights, x, y, offset, code)
    return where.hand_back(dst)


@operation(dtypes=DTYPES, channels=(1, 2, 3, 4), borders=BORDERS, result="dtype, by default that of the source")
def sep_filter2d(
    src: Any,
    kernel_x: Any,
    kernel_y: Any,
    *,
    dtype: Any = None,
    delta: float = 0,
    anchor: tuple[int, int] = (-1, -1),
    border: str | int = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Correlate an image with a separable kernel: the rows with one row of weights, then the columns with another.

    Equal to ``cv2.sepFilter2D(src, dtype, kernel_x, kernel_y, anchor=anchor, delta=delta, borderType=border)`` in every
    bit, on both devices.

    Parameters
    ----------
    src
        Image, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to. Its values are finite.
    kernel_x, kernel_y
        Weights along the rows and down the columns, each in one dimension, or (n, 1) or (1, n). They are not flipped
        and may be larger than the image.
    dtype
        Of the result: None as the source; any of uint8, uint16, int16, float32 and float64, but float32 from float64.
        Integers are rounded half to even and saturated.
    delta
        Number that is added to every sum.
    anchor
        Place (x, y) of the pixel itself in the two kernels; -1 is the middle, for an even size the one behind it.
    border
        What lies outside the image: "constant" (zeros), "replicate", "reflect" or "reflect101"; or cv2's constant.
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        Array in host memory of the shape of src that takes the result.

    Returns
    -------
    Array of the shape of src; on the GPU of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    Sums are kept in float32, in float64 where source or result is that, and for uint8 in whole numbers where the
    weights allow it: whole weights to int16, and weights in 256ths that sum to 1 to uint8, as in OpenCV.

    Examples
    --------
    >>> point = np.zeros((3, 5), np.uint8)
    >>> point[1, 2] = 100
    >>> sep_filter2d(point, [1, 0, -1], [1, 2, 1], dtype="int16")
    array([[   0, -200,    0,  200,    0],
           [   0, -200,    0,  200,    0],
           [   0, -200,    0,  200,    0]], dtype=int16)
    """
    image = check.image(sep_filter2d, src)
    along, down = _weights(sep_filter2d, kernel_x, "kernel_x", 1), _weights(sep_filter2d, kernel_y, "kernel_y", 1)
    x, y = check.anchor(sep_filter2d, anchor, (along.size, down.size))
    offset = check.number(sep_filter2d, delta, "delta")
    code = check.border(sep_filter2d, border)
    where = place(sep_filter2d, device, image)
    (rows,) = where.rows()
    result = check.output_dtype(sep_filter2d, dtype, rows.dtype, SEPARABLE_RESULTS)
    dst = where.result(out, image.shape, result)
    _kernels(where).sep_filter2d(
        where.unit, rows, dst.reshape(rows.shape), image.channels, along, down, x, y, offset, code
    )
    return where.hand_back(dst)
