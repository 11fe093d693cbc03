"""Corners: responses of the structure tensor."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.operation import operation
from cvkit.run.placement import OnCpu, OnCuda, kernels, place
from cvkit.structure_tensor import SIZES, derivative_kernels, is_byte, window_side

Array = NDArray[Any]

BORDERS = ("constant", "replicate", "reflect", "reflect101")
PAD_MODES = {0: "constant", 1: "edge", 2: "symmetric", 4: "reflect"}


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/corners.py or kernels/cvkit_cuda/corners.py"""
    return kernels(where.name, "corners")


@operation(
    dtypes=("uint8", "float32"),
    channels=(1,),
    borders=BORDERS,
    choices={"ksize": SIZES},
    result="float32 (H, W)",
    stages="harris_stages",
)
def corner_harris(
    src: Any,
    block_size: int,
    ksize: int,
    k: float,
    *,
    border: str | int = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Harris's corner response: large where the image changes in all directions, negative along edges.

    Equal to ``cv2.cornerHarris(src, block_size, ksize, k, borderType=border)`` without IPP: bit for bit on the CPU, but
    for uint8 with block_size 2 and ksize 3 within 4e-6 of the largest absolute response; on the GPU within 1e-6 of it.
    (With IPP and the borders constant or replicate cv2 puts windows of an even size elsewhere.)

    For uint8 with block_size 2 and ksize 3 the CPU calculates in whole numbers, which round less than OpenCV does.
    Where OpenCV's own rounding could count for more than 4e-6, as on nearly flat images, it calculates a second time
    as OpenCV does, and the result is equal bit for bit.

    Parameters
    ----------
    src
        uint8 or float32 image, (H, W), any strides; never written to. Its values are finite.
    block_size
        Side of the square window over which products of derivatives are summed. The pixel stands in its middle, of an
        even one to the right and below.
    ksize
        Size of the Sobel kernel: 1, or odd from 3 to 31; -1 for Scharr's kernel of 3 x 3.
    k
        How much the squared trace counts against the determinant, as a rule 0.04 to 0.06.
    border
        What lies outside of the image: "reflect101", "reflect", "replicate" or "constant" (zeros).
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        float32 array (H, W) in host memory that takes the result.

    Returns
    -------
    float32 array (H, W); on the GPU an array of the kind that came in. uint8 values count as 0 to 1.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    C. Harris and M. Stephens, A combined corner and edge detector, Alvey Vision Conference, 1988. ``harris_stages``
    shows each step.

    Examples
    --------
    >>> square = np.zeros((8, 8), np.float32)
    >>> square[4:, 4:] = 1
    >>> np.unravel_index(corner_harris(square, 2, 3, 0.04).argmax(), square.shape)
    (np.int64(5), np.int64(5))
    """
    image = check.image(corner_harris, src)
    block = window_side(corner_harris, block_size)
    size = check.choice(corner_harris, ksize, "ksize")
    factor = check.number(corner_harris, k, "k")
    code = check.border(corner_harris, border)
    where = place(corner_harris, device, image)
    dst = where.result(out, image.shape, np.float32)
    smooth, slope = derivative_kernels(size, block, is_byte(image))
    _kernels(where).corner_harris(where.unit, *where.rows(), dst, block, smooth, slope, code, factor)
    return where.hand_back(dst)


@operation(
    dtypes=("uint8", "float32"), channels=(1,), borders=BORDERS, choices={"ksize": SIZES}, result="float32 (H, W)"
)
def corner_min_eigen_val(
    src: Any,
    block_size: int,
    *,
    ksize: int = 3,
    border: str | int = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """The smaller eigenvalue of the structure tensor: how much the image changes in the direction it changes least.

    Equal to ``cv2.cornerMinEigenVal(src, block_size, ksize=ksize, borderType=border)``: bit for bit on the CPU, on the
    GPU within 1e-6 of the largest.

    Parameters
    ----------
    src, block_size, ksize, border, device, out
        As for ``corner_harris``.

    Returns
    -------
    float32 array (H, W); on the GPU an array of the kind that came in. uint8 values count as 0 to 1.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    J. Shi and C. Tomasi, Good features to track, CVPR 1994.

    Examples
    --------
    >>> square = np.zeros((8, 8), np.float32)
    >>> square[4:, 4:] = 1
    >>> np.unravel_index(corner_min_eigen_val(square, 2).argmax(), square.shape)
    (np.int64(5), np.int64(5))
    """
    image = check.image(corner_min_eigen_val, src)
    block = window_side(corner_min_eigen_val, block_size)
    size = check.choice(corner_min_eigen_val, ksize, "ksize")
    code = check.border(corner_min_eigen_val, border)
    where = place(corner_min_eigen_val, device, image)
    dst = where.result(out, image.shape, np.float32)
    smooth, slope = derivative_kernels(size, block, is_byte(image))
    _kernels(where).corner_min_eigen_val(where.unit, *where.rows(), dst, block, smooth, slope, code)
    return where.hand_back(dst)


@operation(
    dtypes=("uint8", "float32"), channels=(1,), borders=BORDERS, choices={"ksize": SIZES}, result="float32 (H, W, 6)"
)
def corner_eigen_vals_and_vecs(
    src: Any,
    block_size: int,
    *,
    ksize: int = 3,
    border: str | int = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Eigenvalues and eigenvectors of the structure tensor.

    Equal to ``cv2.cornerEigenValsAndVecs(src, block_size, ksize, borderType=border)``: on the CPU bit for bit, on the
    GPU eigenvalues within 1e-6 of the largest. Where an eigenvalue is nearly double, small roundings turn its vectors.

    Parameters
    ----------
    src, block_size, ksize, border, device
        As for ``corner_harris``.
    out
        float32 array (H, W, 6) in host memory that takes the result.

    Returns
    -------
    float32 array (H, W, 6): the larger eigenvalue, the smaller one, the vector (x, y) of the larger and that of the
    smaller; on the GPU an array of the kind that came in. Vectors have length 1, or less where the tensor is about 0.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    J. Shi and C. Tomasi, Good features to track, CVPR 1994.

    Examples
    --------
    >>> step = np.repeat(np.array([[0, 0, 0, 1, 1, 1]], np.float32), 4, axis=0)
    >>> corner_eigen_vals_and_vecs(step, 1)[2, 2].tolist()
    [1.0, 0.0, 1.0, 0.0, 0.0, -1.0]
    """
    image = check.image(corner_eigen_vals_and_vecs, src)
    block = window_side(corner_eigen_vals_and_vecs, block_size)
    size = check.choice(corner_eigen_vals_and_vecs, ksize, "ksize")
    code = check.border(corner_eigen_vals_and_vecs, border)
    where = place(corner_eigen_vals_and_vecs, device, image)
    dst = where.result(out, (image.height, image.width, 6), np.float32)
    flat = dst.reshape(image.height, image.width * 6)
    smooth, slope = derivative_kernels(size, block, is_byte(image))
    _kernels(where).corner_eigen_vals_and_vecs(where.unit, *where.rows(), flat, block, smooth, slope, code)
    return where.hand_back(dst)


class HarrisStages(NamedTuple):
    """What each step of Harris's method gives; every array is float32 (H, W) but the last."""

    dx: Array
    """horizontal derivative"""
    dy: Array
    """vertical derivative"""
    xx: Array
    """dx * dx"""
    xy: Array
    """dx * dy"""
    yy: Array
    """dy * dy"""
    tensor: tuple[Array, Array, Array]
    """xx, xy and yy summed over windows"""
    response: Array
    """determinant of the tensor less k times its squared trace"""
    maxima: Array
    """bool, where the response is positive and none of the eight neighbours has a larger one"""


def harris_stages(src: Any, block_size: int, ksize: int, k: float, *, border: str | int = "reflect101") -> HarrisStages:
    """Harris's method one step after the other, in plain NumPy: to read, to look at and to compare with.

    ``harris_stages(...).response`` is close to ``corner_harris(...)``, within 2e-6 of the largest; it is some hundred
    times slower.

    Parameters
    ----------
    src, block_size, ksize, k, border
        As for ``corner_harris``; the image lies in host memory.

    Returns
    -------
    HarrisStages
        Arrays dx, dy, xx, xy, yy, tensor, response and maxima.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        As ``corner_harris``.

    Notes
    -----
    C. Harris and M. Stephens, A combined corner and edge detector, Alvey Vision Conference, 1988.

    Examples
    --------
    >>> square = np.zeros((8, 8), np.float32)
    >>> square[4:, 4:] = 1
    >>> np.argwhere(harris_stages(square, 2, 3, 0.04).maxima).tolist()
    [[5, 5]]
    """
    image = check.image(corner_harris, src)
    place(corner_harris, "cpu", image)  # refuses an array on a GPU
    block = window_side(corner_harris, block_size)
    size = check.choice(corner_harris, ksize, "ksize")
    factor = check.number(corner_harris, k, "k")
    mode = PAD_MODES[check.border(corner_harris, border)]
    smooth, slope = derivative_kernels(size, block, is_byte(image))
    pixels = image.rows.astype(np.float64)
    dx = _correlate(pixels, smooth, slope, mode).astype(np.float32)
    dy = _correlate(pixels, slope, smooth, mode).astype(np.float32)
    xx, xy, yy = dx * dx, dx * dy, dy * dy
    ones = np.ones(block)
    a, b, c = (_correlate(each.astype(np.float64), ones, ones, mode).astype(np.float32) for each in (xx, xy, yy))
    response = a * c - b * b - np.float32(factor) * (a + c) ** 2
    around = np.pad(response, 1, constant_values=-math.inf)
    h, w = response.shape
    largest = np.max([around[i : i + h, j : j + w] for i in range(3) for j in range(3)], axis=0)
    return HarrisStages(dx, dy, xx, xy, yy, (a, b, c), response, (response == largest) & (response > 0))


def _correlate(pixels: Array, down: Array, along: Array, mode: Any) -> Array:
    """The image with a column and a row of weights, around their middle."""
    above, left = down.size // 2, along.size // 2
    padded = np.pad(pixels, ((above, down.size - 1 - above), (left, along.size - 1 - left)), mode=mode)
    h, w = pixels.shape
    rows, total = np.zeros((h, padded.shape[1])), np.zeros((h, w))
    for i, v in enumerate(down):
        rows += float(v) * padded[i : i + h]
    for i, v in enumerate(along):
        total += float(v) * rows[:, i : i + w]
    return total
