"""Smoothing that keeps edges: the bilateral filter, and its two halves one by one."""

import math
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.errors import ArgumentError
from cvkit.operation import operation
from cvkit.run.placement import OnCpu, OnCuda, kernels, place

Array = NDArray[Any]

LEAST_SIGMA = 1e-6  # up to here, negative ones included, cv2 gives the image back as it came
LARGEST_RADIUS = 1000
LARGEST_KEPT = 32  # up to this radius weights are kept from call to call
BINS = 4096  # entries of a float32 table for each channel
LEAST_SPAN = 2.0**-23  # a float32 image of values closer together stays as it is

PAD_MODES = {0: "constant", 1: "edge", 2: "symmetric", 3: "wrap", 4: "reflect"}


class Disk(NamedTuple):
    """Where a pixel's neighbours lie, and how much they weigh by their distance."""

    radius: int
    taps: Array
    """(K, 2), dy and dx, the centre in the middle"""
    weights: Array
    """float32 (K,)"""
    logs: Array
    """float64 (K,), the natural logarithms of the weights"""
    order: Array
    """(K,), the order in which cv2 takes the taps at the end of a row"""


class Tones(NamedTuple):
    """How much a neighbour weighs by its difference to the centre, summed over channels."""

    table: Any
    """for uint8 a float32 array; for float32 ``_float_table`` for what the arguments say"""
    log: float
    """the natural logarithm of the weight of a difference of 1"""


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/bilateral.py or kernels/cvkit_cuda/bilateral.py"""
    return kernels(where.name, "bilateral")


def _disk(radius: int, log: float, rows_by_distance: bool) -> Disk:
    """All pixels within the radius, row by row; the weight of one at distance 1 has the logarithm ``log``."""
    return (_kept_disk if radius <= LARGEST_KEPT else _new_disk)(radius, log, rows_by_distance)


def _new_disk(radius: int, log: float, rows_by_distance: bool) -> Disk:
    dy, dx = np.mgrid[-radius : radius + 1, -radius : radius + 1].reshape(2, -1)
    inside = dy * dy + dx * dx <= radius * radius
    taps = np.stack([dy[inside], dx[inside]], axis=1)
    order = np.arange(len(taps))
    if rows_by_distance:  # -2, 2, -1, 1, 0
        first = np.lexsort((taps[:, 1], taps[:, 0], -abs(taps[:, 0])))
        taps, order = taps[first], np.argsort(first)
    distances = np.sqrt((taps * taps).sum(axis=1))
    logs = distances * distances * log
    weights = np.array([math.exp(v) for v in logs.tolist()], np.float32)
    return Disk(radius, taps.astype(np.intp), weights, logs, order.astype(np.intp))


_kept_disk = lru_cache(maxsize=16)(_new_disk)


def _log(sigma: float) -> float:
    """Logarithm of a Gaussian's value at distance 1, which is 1 at 0."""
    return -0.5 / (sigma * sigma)


@lru_cache(maxsize=16)
def _byte_table(channels: int, log: float) -> Array:
    """Weights of the differences that uint8 channels can have in sum, with cv2's own float32 exponential: 2 to a whole
    number times a polynomial, each operation rounded. The last four come from the C library there.
    """
    real = np.float32
    squares = np.arange(256 * channels, dtype=real) ** 2 * real(log)
    x = np.maximum(squares, real(-88.3762626647949))
    whole = np.floor(x * real(1.44269504088896341) + real(0.5))
    x = x + whole * real(-0.693359375)  # ln 2 in two parts, of which the first has few digits
    x = x + whole * real(2.12194440e-4)
    y = np.full_like(x, real(1.9875691500e-4))
    for c in (1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1):
        y = y * x + real(c)
    y = y * (x * x) + x + real(1)
    table: Array = y * ((whole.astype(np.int32) + 127) << 23).view(real)
    table[-4:] = [math.exp(v) for v in squares[-4:].tolist()]
    return table


def _float_table(channels: int, log: float, least: float, largest: float) -> tuple[Array, Any]:
    """Weights of evenly spaced differences up to the largest possible one, and how many of them a difference of 1 is;
    0 says that the image has one value.
    """
    span = float(largest) - float(least)
    if not span >= LEAST_SPAN:  # of NaNs alone there is none
        return np.ones(2, np.float32), np.float32(0)
    with np.errstate(over="ignore"):
        reach = np.float32(span) * np.float32(channels)
    if not np.isfinite(reach):
        raise ArgumentError(
            f"bilateral_filter: src has values from {least:g} to {largest:g}; it takes finite ones, whose range in all "
            "channels together is a float32."
        )
    bins = BINS * channels
    per_step = np.float32(bins) / reach
    with np.errstate(over="ignore"):
        differences = np.arange(bins + 2, dtype=np.float32) / per_step
    exponents = differences.astype(np.float64) ** 2 * log
    return np.array([math.exp(v) for v in exponents.tolist()], np.float32), per_step


@operation(
    dtypes=("uint8", "float32"),
    channels=(1, 3),
    borders=("constant", "replicate", "reflect", "wrap", "reflect101"),
    result="as src",
    stages="bilateral_stages",
)
def bilateral_filter(
    src: Any,
    d: int,
    sigma_color: float,
    sigma_space: float,
    *,
    border: str = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Smoothing that keeps edges: an average over near pixels, in which those of another colour weigh little.

    Equal to ``cv2.bilateralFilter(src, d, sigma_color, sigma_space, borderType=border)`` without IPP: bit for bit for
    uint8, within 2e-6 of the largest value for float32. With IPP, as cv2 comes, its own uint8 results differ from that
    by 1 here and there, and half of them for gray images and d up to 5.

    Parameters
    ----------
    src
        uint8 or float32 image, (H, W) or (H, W, 3), any strides; never written to. A NaN is left out of its neighbours'
        averages and takes their average by distance alone.
    d
        Diameter of the neighbourhood, a disk; d and d + 1 are the same for even d. From 0 down it follows from
        ``sigma_space``, three of them across.
    sigma_color
        How far values may lie apart, summed over the channels, before they weigh little: the standard deviation of the
        Gaussian of their difference. Up to 1e-6 the image stays as it is.
    sigma_space
        The standard deviation of the Gaussian of the distance, in pixels. Up to 1e-6 the image stays as it is.
    border
        What lies beyond the image: "constant" (zeros), "replicate", "reflect", "wrap" or "reflect101".
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        Array like the result in host memory that takes it.

    Returns
    -------
    Array of the shape and dtype of ``src``; on the GPU an array of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above, a neighbourhood of more than 2001 pixels across, or infinite values.

    Notes
    -----
    C. Tomasi, R. Manduchi, Bilateral filtering for gray and color images, ICCV 1998. ``bilateral_stages`` shows its two
    halves.

    Examples
    --------
    >>> step = np.repeat(np.array([[10, 12, 10, 200, 202, 200]], np.uint8), 3, axis=0)
    >>> bilateral_filter(step, 5, 20, 2)[1]
    array([ 11,  11,  11, 201, 201, 201], dtype=uint8)
    """
    image = check.image(bilateral_filter, src)
    d, sigma_color, sigma_space = _numbers(d, sigma_color, sigma_space)
    code = check.border(bilateral_filter, border)
    where = place(bilateral_filter, device, image)
    (rows,) = where.rows()
    dst = where.result(out, image.shape, rows.dtype)
    disk, tones = _weights(rows.dtype, image.channels, d, sigma_color, sigma_space)
    _kernels(where).bilateral_filter(where.unit, rows, dst.reshape(rows.shape), image.channels, code, disk, tones)
    return where.hand_back(dst)


def _weights(
    dtype: Any, channels: int, d: int, sigma_color: float, sigma_space: float
) -> tuple[Disk | None, Tones | None]:
    """Both kinds of weights as cv2 rounds them for the dtype; None where the image is to stay as it is."""
    if min(sigma_color, sigma_space) <= LEAST_SIGMA:
        return None, None
    radius = _radius(d, sigma_space)
    color, space = _log(sigma_color), _log(sigma_space)
    if dtype == np.float32:
        return _disk(radius, space, rows_by_distance=False), Tones(partial(_float_table, channels, color), color)
    color, space = float(np.float32(color)), float(np.float32(space))
    disk = _disk(radius, space, rows_by_distance=radius == 2 and channels == 1)
    return disk, Tones(_byte_table(channels, color), color)


def _numbers(d: Any, sigma_color: Any, sigma_space: Any) -> tuple[int, float, float]:
    return (
        check.whole(bilateral_filter, d, "d"),
        check.number(bilateral_filter, sigma_color, "sigma_color"),
        check.number(bilateral_filter, sigma_space, "sigma_space"),
    )


def _radius(d: int, sigma_space: float) -> int:
    """Half the diameter, or what sigma_space asks for where none is given."""
    radius = round(min(1.5 * sigma_space, 2.0 * LARGEST_RADIUS)) if d <= 0 else d // 2
    if radius > LARGEST_RADIUS:
        given = f"d is {d}" if d > 0 else f"d is {d} and sigma_space is {sigma_space:g}"
        raise ArgumentError(
            f"bilateral_filter: {given}; it takes neighbourhoods of up to {2 * LARGEST_RADIUS + 1} pixels across."
        )
    return max(radius, 1)


class BilateralStages(NamedTuple):
    """The filter and its two halves; every array is as the image."""

    spatial: Array
    """the average weighted by distance alone: a Gaussian blur over a disk"""
    range: Array
    """the average weighted by difference of values alone"""
    both: Array
    """weighted by the product: the bilateral filter"""


def bilateral_stages(
    src: Any, d: int, sigma_color: float, sigma_space: float, *, border: str = "reflect101"
) -> BilateralStages:
    """What distance alone, difference of values alone, and both together make of an image, in plain NumPy.

    ``bilateral_stages(...).both`` is within 1 of ``bilateral_filter(...)`` for uint8 and within a thousandth of the
    image's range for float32; it is some hundred times slower.

    Parameters
    ----------
    src, d, sigma_color, sigma_space, border
        As for ``bilateral_filter``; the image lies in host memory.

    Returns
    -------
    BilateralStages
        Arrays spatial, range and both, each of the shape and dtype of ``src``.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        As ``bilateral_filter``.

    Notes
    -----
    C. Tomasi, R. Manduchi, Bilateral filtering for gray and color images, ICCV 1998.

    Examples
    --------
    >>> step = np.repeat(np.array([[10, 12, 10, 200, 202, 200]], np.uint8), 3, axis=0)
    >>> stages = bilateral_stages(step, 5, 20, 2)
    >>> stages.spatial[1], stages.both[1]
    (array([ 11,  22,  68, 143, 189, 201], dtype=uint8), array([ 11,  11,  11, 201, 201, 201], dtype=uint8))
    """
    image = check.image(bilateral_filter, src)
    place(bilateral_filter, "cpu", image)  # refuses an array on a GPU
    d, sigma_color, sigma_space = _numbers(d, sigma_color, sigma_space)
    code = check.border(bilateral_filter, border)
    pixels = image.rows.reshape(image.height, image.width, image.channels).astype(np.float64)
    if min(sigma_color, sigma_space) <= LEAST_SIGMA:
        return BilateralStages(*(image.rows.reshape(image.shape).copy() for _ in range(3)))
    disk = _disk(_radius(d, sigma_space), _log(sigma_space), rows_by_distance=False)
    margin = (disk.radius, disk.radius)
    padded = np.pad(pixels, (margin, margin, (0, 0)), mode=PAD_MODES[code])  # type: ignore[call-overload]
    sums, weights = np.zeros((3, *pixels.shape)), np.zeros((3, *pixels.shape[:2], 1))
    for (dy, dx), log in zip(disk.taps + disk.radius, disk.logs, strict=True):
        neighbour = padded[dy : dy + image.height, dx : dx + image.width]
        known = ~np.isnan(neighbour).any(axis=2, keepdims=True)
        difference = np.nan_to_num(abs(neighbour - pixels).sum(axis=2, keepdims=True))
        by_value = np.exp(difference**2 * _log(sigma_color))
        for i, weight in enumerate((math.exp(log), by_value, math.exp(log) * by_value)):
            weights[i] += weight * known
            sums[i] += np.where(known, weight * neighbour, 0)
    with np.errstate(invalid="ignore"):
        results = sums / weights
    if image.rows.dtype == np.uint8:
        results = np.rint(results)
    return BilateralStages(*results.astype(image.rows.dtype).reshape(3, *image.shape))
