"""Corners: responses of the structure tensor, good features to track, and corners to a fraction of a pixel."""

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.check import Image
from cvkit.errors import ArgumentError, DtypeError
from cvkit.operation import operation
from cvkit.run.placement import OnCpu, OnCuda, kernels, place

Array = NDArray[Any]

BORDERS = ("constant", "replicate", "reflect", "reflect101")
SIZES = (-1, 1, *range(3, 32, 2))
REFLECT101 = check.BORDERS["reflect101"]
LARGEST_BLOCK = 2**15
MOST_STEPS = 100  # cv2 makes no more of them
PAD_MODES = {0: "constant", 1: "edge", 2: "symmetric", 4: "reflect"}


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/corners.py or kernels/cvkit_cuda/corners.py"""
    return kernels(where.name, "corners")


@lru_cache(maxsize=64)
def _derivative(ksize: int, block: int, byte: bool) -> tuple[Array, Array]:
    """The two factors of a derivative kernel in float32; that which smooths is scaled by what the whole would grow."""
    if ksize < 0:
        smooth, slope, growth = np.array([3.0, 10, 3]), np.array([-1.0, 0, 1]), 8.0
    else:
        smooth, slope, growth = np.ones(1), np.array([-1.0, 1]), 2.0 ** (ksize - 1)
        for _ in range(ksize - 1):
            smooth = np.convolve(smooth, [1, 1])
        for _ in range(max(ksize, 3) - 2):
            slope = np.convolve(slope, [1, 1])
    scale = 1.0 / (growth * block * (255.0 if byte else 1.0))
    return smooth.astype(np.float32) * np.float32(scale), slope.astype(np.float32)


def _block(operation: Any, value: Any) -> int:
    return check.whole(operation, value, "block_size", least=1, most=LARGEST_BLOCK)


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

    Equal to ``cv2.cornerHarris(src, block_size, ksize, k, borderType=border)`` without IPP: bit for bit on the CPU, on
    the GPU within 1e-6 of the largest. (With IPP and the borders constant or replicate cv2 puts windows of an even size
    elsewhere.)

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
    block = _block(corner_harris, block_size)
    size = check.choice(corner_harris, ksize, "ksize")
    factor = check.number(corner_harris, k, "k")
    code = check.border(corner_harris, border)
    where = place(corner_harris, device, image)
    dst = where.result(out, image.shape, np.float32)
    smooth, slope = _derivative(size, block, _is_byte(image))
    _kernels(where).corner_harris(where.unit, *where.rows(), dst, block, smooth, slope, code, factor)
    return where.hand_back(dst)


def _is_byte(image: Image) -> bool:
    interface = getattr(image.rows, "__cuda_array_interface__", None)
    return np.dtype(interface["typestr"] if interface else str(image.rows.dtype).rpartition(".")[2]) == np.uint8


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
    block = _block(corner_min_eigen_val, block_size)
    size = check.choice(corner_min_eigen_val, ksize, "ksize")
    code = check.border(corner_min_eigen_val, border)
    where = place(corner_min_eigen_val, device, image)
    dst = where.result(out, image.shape, np.float32)
    smooth, slope = _derivative(size, block, _is_byte(image))
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
    block = _block(corner_eigen_vals_and_vecs, block_size)
    size = check.choice(corner_eigen_vals_and_vecs, ksize, "ksize")
    code = check.border(corner_eigen_vals_and_vecs, border)
    where = place(corner_eigen_vals_and_vecs, device, image)
    dst = where.result(out, (image.height, image.width, 6), np.float32)
    flat = dst.reshape(image.height, image.width * 6)
    smooth, slope = _derivative(size, block, _is_byte(image))
    _kernels(where).corner_eigen_vals_and_vecs(where.unit, *where.rows(), flat, block, smooth, slope, code)
    return where.hand_back(dst)


@operation(dtypes=("uint8", "float32"), channels=(1,), choices={"gradient_size": SIZES}, result="float32 (N, 2)")
def good_features_to_track(
    src: Any,
    max_corners: int,
    quality_level: float,
    min_distance: float,
    *,
    mask: Any = None,
    block_size: int = 3,
    gradient_size: int = 3,
    harris: bool = False,
    k: float = 0.04,
    device: str = "auto",
) -> Any:
    """The strongest corners of an image that keep a distance from each other, the best first.

    Equal to ``cv2.goodFeaturesToTrack(src, max_corners, quality_level, min_distance, mask=mask, blockSize=block_size,
    gradientSize=gradient_size, useHarrisDetector=harris, k=k)``: the same points in the same order, with cv2's rule for
    equal ones. On the GPU responses are summed in another order, so that corners may change places whose responses
    agree to seven digits. The choice of corners, each of which depends on the one before, is made by the host there.

    Parameters
    ----------
    src
        uint8 or float32 image, (H, W), any strides; never written to. Its values are finite.
    max_corners
        How many corners there may be; 0 for any number.
    quality_level
        Corners have a response above this part of the largest; above 0.
    min_distance
        Least distance between two corners, in pixels; 0 or more. Below 1 all are kept.
    mask
        uint8 or bool array (H, W), not 0 where corners may lie.
    block_size, gradient_size
        Side of the window and size of the derivative kernel; as ``block_size`` and ``ksize`` of ``corner_harris``.
    harris
        Harris's response instead of the smaller eigenvalue.
    k
        The constant of Harris's response.
    device
        "auto" (where the array lies), "cpu" or "cuda".

    Returns
    -------
    float32 array (N, 2), x and y of each corner; (0, 2) where there is none. On the GPU an array of the kind that came
    in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    J. Shi and C. Tomasi, Good features to track, CVPR 1994. A corner is a pixel, not at the image's border, than which
    none of its eight neighbours has a larger response; of equal responses the last in row-major order comes first.

    Examples
    --------
    >>> square = np.zeros((9, 9), np.uint8)
    >>> square[3:6, 3:6] = 200
    >>> good_features_to_track(square, 2, 0.1, 2)
    array([[4., 4.]], dtype=float32)
    """
    name = good_features_to_track
    image = check.image(name, src)
    most = check.whole(name, max_corners, "max_corners", least=0)
    quality = _at_least_zero(check.number(name, quality_level, "quality_level"), "quality_level", positive=True)
    distance = _at_least_zero(check.number(name, min_distance, "min_distance"), "min_distance")
    block = _block(name, block_size)
    size = check.choice(name, gradient_size, "gradient_size")
    factor = check.number(name, k, "k") if check.flag(name, harris, "harris") else None
    images = (image,) if mask is None else (image, _mask(mask, image))
    where = place(name, device, *images)
    rows, *seen = where.rows()
    smooth, slope = _derivative(size, block, _is_byte(image))
    points = _kernels(where).good_features_to_track(
        where.unit, rows, seen[0] if seen else None, block, smooth, slope, REFLECT101, factor, most, quality, distance
    )
    return where.hand_back(where.unit.upload(points)) if image.on_gpu else points


def _at_least_zero(value: float, name: str, positive: bool = False) -> float:
    if value < 0 or (positive and value == 0):
        takes = "a number above 0" if positive else "a number from 0 on"
        raise ArgumentError(f"good_features_to_track: {name} is {value:g}; it takes {takes}.")
    return value


def _mask(mask: Any, image: Image) -> Image:
    """The mask as an image of one channel; bool counts as 0 and 1."""
    if isinstance(mask, np.ndarray) and mask.dtype == np.bool_:
        mask = mask.view(np.uint8)
    dtype = getattr(mask, "dtype", None)
    if dtype is not None and str(dtype).rpartition(".")[2] != "uint8":
        raise DtypeError(f"good_features_to_track: mask has dtype {dtype}; it takes uint8 or bool.")
    checked = check.image(good_features_to_track, mask, "mask")
    check.same_size(good_features_to_track, image, checked, ("src", "mask"))
    return checked


@operation(dtypes=("uint8", "float32"), channels=(1,), result="float32 (N, 2)")
def corner_sub_pix(
    src: Any,
    corners: Any,
    win_size: tuple[int, int],
    zero_zone: tuple[int, int] = (-1, -1),
    *,
    max_iter: int = 30,
    eps: float = 0.01,
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Corners to a fraction of a pixel: each moves to where the gradients around it stand at right angles to it.

    Equal to ``cv2.cornerSubPix(src, corners, win_size, zero_zone, (3, max_iter, eps))`` without IPP, which writes to
    ``corners``: bit for bit on the CPU, on the GPU within 1e-4 of the largest coordinate. (With IPP, as cv2 comes, its
    own results differ in the fourth decimal, and for weak corners by more.)

    Parameters
    ----------
    src
        uint8 or float32 image, (H, W), any strides; never written to. At least two windows and five pixels wide and
        high.
    corners
        Points x, y inside of the image, (N, 2) or (N, 1, 2), of any real dtype; never written to.
    win_size
        Half the width and half the height of the window around a corner: (5, 5) is one of 11 x 11 pixels.
    zero_zone
        Half the width and height of a zone in the middle of the window that doesn't count; (-1, -1) for none.
    max_iter
        Most steps for a corner; 100 at most, and 1 at least.
    eps
        A corner rests when a step is not longer than this, in pixels.
    device
        "auto" (where the image lies), "cpu" or "cuda".
    out
        float32 array (N, 2) in host memory that takes the result.

    Returns
    -------
    float32 array (N, 2); on the GPU an array of the kind that came in. A corner that has left its window stays where it
    was.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    W. Foerstner and E. Guelch, A fast operator for detection and precise location of distinct points, corners and
    centres of circular features, ISPRS Intercommission Workshop, 1987.

    Examples
    --------
    >>> square = np.zeros((20, 20), np.float32)
    >>> square[10:, 10:] = 1
    >>> corner_sub_pix(square, [[10, 9]], (3, 3)).round(2)
    array([[9.59, 9.59]], dtype=float32)
    """
    image = check.image(corner_sub_pix, src)
    window = check.size(corner_sub_pix, win_size, "win_size")
    zone = _zone(zero_zone)
    steps = min(max(check.whole(corner_sub_pix, max_iter, "max_iter"), 1), MOST_STEPS)
    rest = max(check.number(corner_sub_pix, eps, "eps"), 0.0)
    if image.width < 2 * window[0] + 5 or image.height < 2 * window[1] + 5:
        raise ArgumentError(
            f"corner_sub_pix: src is {image.height} x {image.width}; for win_size {window} it takes at least "
            f"{2 * window[1] + 5} x {2 * window[0] + 5}."
        )
    points = _points(corners, image)
    where = place(corner_sub_pix, device, image)
    dst = where.result(out, points.shape, np.float32)
    if not points.size:
        return where.hand_back(dst)
    _kernels(where).corner_sub_pix(where.unit, *where.rows(), points, dst, window, zone, steps, rest)
    return where.hand_back(dst)


def _zone(value: Any) -> tuple[int, int]:
    if not isinstance(value, (tuple, list, np.ndarray)) or len(value) != 2:
        raise DtypeError(f"corner_sub_pix: zero_zone is {check.shown(value)}; it takes two whole numbers.")
    width, height = (check.whole(corner_sub_pix, v, "zero_zone") for v in value)
    return width, height


def _points(corners: Any, image: Image) -> Array:
    """Corners as float32 (N, 2), each of them in the image."""
    takes = "an array (N, 2) of numbers"
    try:
        given = np.asarray(corners)
    except ValueError:
        raise DtypeError(f"corner_sub_pix: corners is {check.shown(corners)}; it takes {takes}.") from None
    if given.size == 0:
        given = given.reshape(0, 2).astype(np.float32)
    if given.dtype.kind not in "iuf":
        raise DtypeError(f"corner_sub_pix: corners has dtype {given.dtype}; it takes {takes}.")
    if given.ndim == 3 and given.shape[1] == 1:
        given = given[:, 0]
    if given.ndim != 2 or given.shape[1] != 2:
        raise ArgumentError(f"corner_sub_pix: corners has shape {given.shape}; it takes {takes}.")
    points = np.ascontiguousarray(given, np.float32)
    inside = (points >= 0).all(axis=1) & (points < [image.width, image.height]).all(axis=1)
    if not inside.all():
        first = int(np.flatnonzero(~inside)[0])
        raise ArgumentError(
            f"corner_sub_pix: corner {first} is {tuple(points[first].tolist())}; it takes points in the "
            f"{image.height} x {image.width} image."
        )
    return points


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
    block = _block(corner_harris, block_size)
    size = check.choice(corner_harris, ksize, "ksize")
    factor = check.number(corner_harris, k, "k")
    mode = PAD_MODES[check.border(corner_harris, border)]
    smooth, slope = _derivative(size, block, _is_byte(image))
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
