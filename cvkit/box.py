"""Box filters: sums and means over windows, at a cost that does not grow with them."""

from typing import Any

import numpy as np

from cvkit import check
from cvkit.check import Operation
from cvkit.errors import ArgumentError
from cvkit.operation import operation, spec_of
from cvkit.run.placement import OnCpu, OnCuda, kernels, place

Window = tuple[tuple[int, int], tuple[int, int], int]

BORDERS = ("constant", "replicate", "reflect", "reflect101")
REDUCED = ("uint8", "uint16", "int16", "float32", "float64")
DEPTHS = ("uint8", "uint16", "int16", "int32", "float32", "float64")
BOX_DEPTHS = {d: DEPTHS if d not in ("float32", "float64") else REDUCED for d in DEPTHS}
SQUARE_DEPTHS = {d: DEPTHS if d == "uint8" else REDUCED for d in REDUCED}
WRAP = check.BORDERS["wrap"]
MOST_WRAPPED = 5


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/box.py or kernels/cvkit_cuda/box.py"""
    return kernels(where.name, "box")


def _window(operation: Operation, source: Any, result: Any, ksize: Any, anchor: Any, border: Any) -> Window:
    """Size, anchor and border of a window.

    cv2 wraps around only where it sums floats anew for each pixel: windows of up to 5 x 5, the result of the same
    dtype.
    """
    name = spec_of(operation).name
    size = check.size(operation, ksize)
    if size[0] * size[1] >= 1 << 31:
        raise ArgumentError(f"{name}: ksize is {size}; it takes less than 2**31 pixels in all.")
    code = check.border(operation, border)
    if code == WRAP and not (source.kind == "f" and source == result and max(size) <= MOST_WRAPPED):
        raise ArgumentError(
            f"{name}: border is {check.shown(border)}; it takes {check.listed(BORDERS)}, and wrap only for float32 and "
            f"float64 with sides up to {MOST_WRAPPED} and the result in the same dtype."
        )
    return size, check.anchor(operation, anchor, size), code


def _fits(operation: Operation, source: Any, result: Any, size: tuple[int, int], normalize: bool) -> None:
    """What cv2 makes no mean of: int32, or a mean in int32, where the sum is not in int32."""
    area = size[0] * size[1]
    if area <= 1 << 15 or not normalize:
        return
    most = {"uint8": 1 << 23, "uint16": 1 << 15}.get(source.name, 1 << 16)
    if source.kind != "f" and area > most and "int32" in (source.name, result.name):
        raise ArgumentError(
            f"{spec_of(operation).name}: ksize is {size}; for a mean of {source} in {result} it takes up to {most} "
            "pixels in all."
        )


@operation(dtypes=DEPTHS, channels=(1, 2, 3, 4), borders=(*BORDERS, "wrap"), result="as src")
def blur(
    src: Any,
    ksize: Any,
    *,
    anchor: Any = (-1, -1),
    border: Any = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Mean of each pixel's neighbourhood: smooths noise and detail, at a cost that does not grow with the window.

    Equal to ``cv2.blur(src, ksize, anchor=anchor, borderType=border)`` bit for bit, on both devices, floats included:
    their sums run in cv2's order.

    Parameters
    ----------
    src
        Image of uint8, uint16, int16, int32, float32 or float64, (H, W) or (H, W, C) with 1 to 4 channels, any
        strides; never written to. Channels are independent.
    ksize
        Width and height of the window, even ones and ones larger than the image included; one number stands for both.
    anchor
        Place (x, y) of the pixel in its window; -1 is the middle, ``size // 2``.
    border
        What lies outside the image: "reflect101", "reflect", "replicate", "constant" (0), or cv2's constants. "wrap"
        for float32 and float64 with sides up to 5.
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        Array of the result's shape and dtype in host memory that takes the result.

    Returns
    -------
    Array of the shape and dtype of src; on the GPU an array of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    Running sums: M. J. McDonnell, Box-filtering techniques, Computer Graphics and Image Processing 17(1), 1981. Whole
    numbers are rounded as cv2 does, which at the right end of a row differs from the rest in a few cases.

    Examples
    --------
    >>> blur(np.array([[0, 0, 90, 0, 0]], np.uint8), (3, 1))
    array([[ 0, 30, 30, 30,  0]], dtype=uint8)
    """
    image = check.image(blur, src)
    where = place(blur, device, image)
    (rows,) = where.rows()
    size, at, code = _window(blur, rows.dtype, rows.dtype, ksize, anchor, border)
    _fits(blur, rows.dtype, rows.dtype, size, True)
    dst = where.result(out, image.shape, rows.dtype)
    _kernels(where).blur(where.unit, rows, dst.reshape(rows.shape), image.channels, size, at, code)
    return where.hand_back(dst)


@operation(
    dtypes=DEPTHS,
    channels=(1, 2, 3, 4),
    borders=(*BORDERS, "wrap"),
    result="as src, or dtype",
)
def box_filter(
    src: Any,
    ksize: Any,
    *,
    dtype: Any = None,
    normalize: bool = True,
    anchor: Any = (-1, -1),
    border: Any = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Mean or sum of each pixel's neighbourhood, in a dtype of choice.

    Equal to ``cv2.boxFilter(src, ddepth, ksize, anchor=anchor, normalize=normalize, borderType=border)`` bit for bit,
    on both devices.

    Parameters
    ----------
    src, ksize, anchor, border, device, out
        As for ``blur``; "wrap" only where the result has the dtype of src.
    dtype
        Dtype of the result, or cv2's number of a depth; None or -1 is that of src. Whole numbers give any of the six
        dtypes, float32 and float64 all but int32.
    normalize
        The mean; otherwise the sum, which whole numbers saturate where the result is narrow. Sums of whole numbers are
        made in int32 and wrap around as cv2's do.

    Returns
    -------
    Array of the shape of src; on the GPU an array of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    As for ``blur``. cv2 makes a negative sum 255 or 65535 in uint8 and uint16, but 0 in the last pixels of a row; so
    does this.

    Examples
    --------
    >>> box_filter(np.array([[1, 2, 3, 4]], np.uint8), (3, 1), dtype=np.int32, normalize=False, border="constant")
    array([[3, 6, 9, 7]], dtype=int32)
    """
    image = check.image(box_filter, src)
    where = place(box_filter, device, image)
    (rows,) = where.rows()
    result = check.output_dtype(box_filter, dtype, rows.dtype, BOX_DEPTHS)
    mean = check.flag(box_filter, normalize, "normalize")
    size, at, code = _window(box_filter, rows.dtype, result, ksize, anchor, border)
    _fits(box_filter, rows.dtype, result, size, mean)
    dst = where.result(out, image.shape, result)
    _kernels(where).box_filter(where.unit, rows, dst.reshape(rows.shape), image.channels, size, at, code, mean)
    return where.hand_back(dst)


@operation(
    dtypes=REDUCED,
    channels=(1, 2, 3, 4),
    borders=BORDERS,
    result="float32 for whole numbers, float64 for floats, or dtype",
)
def sqr_box_filter(
    src: Any,
    ksize: Any,
    *,
    dtype: Any = None,
    normalize: bool = True,
    anchor: Any = (-1, -1),
    border: Any = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Mean or sum of the squares in each pixel's neighbourhood; with ``blur`` it gives the local variance.

    Equal to ``cv2.sqrBoxFilter(src, ddepth, ksize, anchor=anchor, normalize=normalize, borderType=border)`` bit for
    bit, on both devices.

    Parameters
    ----------
    src
        Image of uint8, uint16, int16, float32 or float64, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never
        written to.
    ksize, anchor, border, device, out
        As for ``blur``, without "wrap".
    dtype
        Dtype of the result, or cv2's number of a depth; None or -1 is float32 for whole numbers and float64 for
        floats. int32 is for uint8 alone.
    normalize
        The mean; otherwise the sum. Sums of uint8 are made in int32 and wrap around as cv2's do.

    Returns
    -------
    Array of the shape of src; on the GPU an array of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    As for ``blur``.

    Examples
    --------
    >>> sqr_box_filter(np.array([[1, 2, 3, 4]], np.uint8), (3, 1), normalize=False)
    array([[ 9., 14., 29., 34.]], dtype=float32)
    """
    image = check.image(sqr_box_filter, src)
    where = place(sqr_box_filter, device, image)
    (rows,) = where.rows()
    if dtype is None or (isinstance(dtype, (int, np.integer)) and dtype == -1):
        dtype = np.float64 if rows.dtype.kind == "f" else np.float32
    result = check.output_dtype(sqr_box_filter, dtype, rows.dtype, SQUARE_DEPTHS)
    mean = check.flag(sqr_box_filter, normalize, "normalize")
    (kw, kh), (ax, ay), code = _window(sqr_box_filter, rows.dtype, result, ksize, anchor, border)
    if mean and code != check.BORDERS["constant"]:  # one row or column means the same without its mirror images
        kw, ax = (1, 0) if image.width == 1 else (kw, ax)
        kh, ay = (1, 0) if image.height == 1 else (kh, ay)
    dst = where.result(out, image.shape, result)
    plan = _kernels(where).sqr_box_filter
    plan(where.unit, rows, dst.reshape(rows.shape), image.channels, (kw, kh), (ax, ay), code, mean)
    return where.hand_back(dst)
