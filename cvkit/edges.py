"""Edges: Canny's detector, from an image or from given derivatives, and its stages one by one."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.operation import operation
from cvkit.run.placement import OnCpu, OnCuda, kernels, place

Array = NDArray[Any]

APERTURES = (3, 5, 7)


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/edges.py or kernels/cvkit_cuda/edges.py"""
    return kernels(where.name, "edges")


def _thresholds(low: float, high: float, aperture: int, l2_gradient: bool) -> tuple[int, int]:
    """Thresholds on the integer magnitude: ordered, scaled as the derivatives are, squared for L2, rounded down as cv2
    does.
    """
    if aperture == 7:
        low, high = low / 16, high / 16
    if low > high:
        low, high = high, low
    return _whole(low, l2_gradient), _whole(high, l2_gradient)


def _whole(threshold: float, squared: bool) -> int:
    """A threshold as an int32. Magnitudes are never negative, so -1 stands for all that are."""
    if threshold < 0:
        return -1
    return math.floor(min(threshold, 32767.0) ** 2 if squared else min(threshold, 2.0**31 - 1))


@operation(
    dtypes=("uint8",),
    channels=(1, 2, 3, 4),
    choices={"aperture": APERTURES},
    result="uint8 (H, W), 255 on edges and 0 elsewhere",
    stages="canny_stages",
)
def canny(
    src: Any,
    low: float,
    high: float,
    *,
    aperture: int = 3,
    l2_gradient: bool = False,
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Edges by Canny's method: thin, connected lines of locally largest gradient.

    Equal to ``cv2.Canny(src, low, high, apertureSize=aperture, L2gradient=l2_gradient)`` in every pixel, on both
    devices.

    Parameters
    ----------
    src
        uint8 image, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to. With several channels each
        pixel takes the derivatives of the channel whose magnitude is largest there.
    low, high
        Thresholds on the gradient magnitude, in units of the Sobel derivative (aperture 3: up to 2040 for L1). A pixel
        above ``high`` starts an edge, one above ``low`` continues it. Swapped ones are put in order; 0 and negative
        ones are legal.
    aperture
        Size of the Sobel kernel: 3, 5 or 7.
    l2_gradient
        Magnitude sqrt(dx^2 + dy^2) instead of |dx| + |dy|.
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        uint8 array (H, W) in host memory that takes the result.

    Returns
    -------
    uint8 array (H, W), 255 on edges and 0 elsewhere; on the GPU an array of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    J. Canny, A computational approach to edge detection, IEEE PAMI 8(6), 1986. ``canny_stages`` shows each step.
    Thresholds above every int32 are above every magnitude; with L1, OpenCV takes them for negative ones.

    Examples
    --------
    >>> square = np.zeros((7, 7), np.uint8)
    >>> square[2:5, 2:5] = 200
    >>> canny(square, 100, 200)[3]
    array([  0, 255,   0,   0, 255,   0,   0], dtype=uint8)
    """
    image = check.image(canny, src)
    aperture = check.choice(canny, aperture, "aperture")
    l2 = check.flag(canny, l2_gradient, "l2_gradient")
    low, high = check.number(canny, low, "low"), check.number(canny, high, "high")
    lower, upper = _thresholds(low, high, aperture, l2)
    where = place(canny, device, image)
    dst = where.result(out, (image.height, image.width), np.uint8)
    _kernels(where).canny(where.unit, *where.rows(), dst, image.channels, lower, upper, aperture, l2)
    return where.hand_back(dst)


@operation(
    dtypes=("int16",),
    channels=(1, 2, 3, 4),
    images=("dx", "dy"),
    result="uint8 (H, W), 255 on edges and 0 elsewhere",
)
def canny_from_gradients(
    dx: Any,
    dy: Any,
    low: float,
    high: float,
    *,
    l2_gradient: bool = False,
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Edges by Canny's method from derivatives that the caller has computed.

    Equal to ``cv2.Canny(dx, dy, low, high, L2gradient=l2_gradient)`` in every pixel, on both devices, for the 1 and 3
    channels that cv2 takes. A derivative of -32768 is taken as -32767; what cv2 makes of it depends on the place in the
    row.

    Parameters
    ----------
    dx, dy
        int16 derivatives of one shape, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to.
    low, high, l2_gradient, device, out
        As for ``canny``; the thresholds are in units of the derivatives.

    Returns
    -------
    uint8 array (H, W), 255 on edges and 0 elsewhere; on the GPU an array of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    J. Canny, A computational approach to edge detection, IEEE PAMI 8(6), 1986.

    Examples
    --------
    >>> dx = np.zeros((3, 5), np.int16)
    >>> dx[:, 2] = 400
    >>> canny_from_gradients(dx, np.zeros_like(dx), 100, 200)[1]
    array([  0,   0, 255,   0,   0], dtype=uint8)
    """
    image_x, image_y = check.image(canny_from_gradients, dx, "dx"), check.image(canny_from_gradients, dy, "dy")
    check.same_size(canny_from_gradients, image_x, image_y, ("dx", "dy"))
    l2 = check.flag(canny_from_gradients, l2_gradient, "l2_gradient")
    low, high = check.number(canny_from_gradients, low, "low"), check.number(canny_from_gradients, high, "high")
    lower, upper = _thresholds(low, high, 3, l2)
    where = place(canny_from_gradients, device, image_x, image_y)
    dst = where.result(out, (image_x.height, image_x.width), np.uint8)
    _kernels(where).canny_from_gradients(where.unit, *where.rows(), dst, image_x.channels, lower, upper, l2)
    return where.hand_back(dst)


class CannyStages(NamedTuple):
    """What each step of Canny's method gives; every array is (H, W)."""

    dx: Array
    """int16, horizontal Sobel derivative of the strongest channel"""
    dy: Array
    """int16, vertical Sobel derivative of the strongest channel"""
    magnitude: Array
    """int32, |dx| + |dy|, or dx^2 + dy^2 for L2"""
    suppressed: Array
    """int32, the magnitude where it is a maximum across the edge, 0 elsewhere"""
    classes: Array
    """uint8, 0 none, 1 weak (above low), 2 strong (above high)"""
    edges: Array
    """uint8, 255 where a strong pixel, or a weak one that is connected to a strong one, 0 elsewhere"""


SMOOTH = {3: (1, 2, 1), 5: (1, 4, 6, 4, 1), 7: (1, 6, 15, 20, 15, 6, 1)}
SLOPE = {3: (-1, 0, 1), 5: (-1, -2, 0, 2, 1), 7: (-1, -4, -5, 0, 5, 4, 1)}


def canny_stages(src: Any, low: float, high: float, *, aperture: int = 3, l2_gradient: bool = False) -> CannyStages:
    """Canny's method one step after the other, in plain NumPy: to read, to look at and to compare with.

    ``canny_stages(...).edges`` equals ``canny(...)`` and ``cv2.Canny(...)`` with the same arguments; it is some hundred
    times slower.

    Parameters
    ----------
    src, low, high, aperture, l2_gradient
        As for ``canny``; the image lies in host memory.

    Returns
    -------
    CannyStages
        Arrays dx, dy, magnitude, suppressed, classes and edges, each (H, W).

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        As ``canny``.

    Notes
    -----
    J. Canny, A computational approach to edge detection, IEEE PAMI 8(6), 1986.

    Examples
    --------
    >>> ramp = np.repeat(np.array([[0, 0, 90, 90, 90]], np.uint8), 3, axis=0)
    >>> stages = canny_stages(ramp, 100, 200)
    >>> stages.dx[1], stages.suppressed[1]
    (array([  0, 360, 360,   0,   0], dtype=int16), array([  0, 360,   0,   0,   0], dtype=int32))
    """
    image = check.image(canny, src)
    place(canny, "cpu", image)  # refuses an array on a GPU
    aperture = check.choice(canny, aperture, "aperture")
    l2 = check.flag(canny, l2_gradient, "l2_gradient")
    low, high = check.number(canny, low, "low"), check.number(canny, high, "high")
    lower, upper = _thresholds(low, high, aperture, l2)
    pixels = image.rows.reshape(image.height, image.width, image.channels).astype(np.int32)
    dx, dy, magnitude = _strongest_channel(*_derivatives(pixels, aperture), l2)
    suppressed = _suppress(dx, dy, magnitude, lower)
    classes = np.where(suppressed > lower, np.where(suppressed > upper, 2, 1), 0).astype(np.uint8)
    classes[suppressed < 0] = 0
    edges = _hysteresis(classes)
    return CannyStages(dx.astype(np.int16), dy.astype(np.int16), magnitude, np.maximum(suppressed, 0), classes, edges)


def _derivatives(pixels: Array, aperture: int) -> tuple[Array, Array]:
    """Sobel: smoothed along one axis, differenced along the other; the border is repeated outwards."""
    radius = aperture // 2
    padded = np.pad(pixels, ((radius, radius), (radius, radius), (0, 0)), mode="edge")

    def along(axis: int, weights: tuple[int, ...], values: Array) -> Array:
        last = values.shape[axis] - 2 * radius
        shifted = [values[i : i + last] if axis == 0 else values[:, i : i + last] for i in range(len(weights))]
        return np.asarray(sum(w * part for w, part in zip(weights, shifted, strict=True) if w))

    dx = along(1, SLOPE[aperture], along(0, SMOOTH[aperture], padded))
    dy = along(1, SMOOTH[aperture], along(0, SLOPE[aperture], padded))
    if aperture == 7:  # cv2 scales this one by 1/16, half to even, so that it fits in int16
        dx, dy = np.rint(dx / 16).astype(np.int32), np.rint(dy / 16).astype(np.int32)
    return dx, dy


def _strongest_channel(dx: Array, dy: Array, l2: bool) -> tuple[Array, Array, Array]:
    """Each pixel's derivatives from the channel of largest magnitude, the first of equals."""
    magnitude = dx * dx + dy * dy if l2 else np.abs(dx) + np.abs(dy)
    strongest = magnitude.argmax(axis=2)[..., None]

    def chosen(values: Array) -> Array:
        return np.asarray(np.take_along_axis(values, strongest, axis=2)[..., 0])

    return chosen(dx), chosen(dy), chosen(magnitude)


def _suppress(dx: Array, dy: Array, magnitude: Array, low: int) -> Array:
    """The magnitude where it is a maximum across the edge, -1 elsewhere (0 can be kept where low is negative)."""
    h, w = magnitude.shape
    around = np.pad(magnitude, 1)

    def neighbour(down: int, right: int) -> Array:
        return around[1 + down : 1 + down + h, 1 + right : 1 + right + w]

    x, y = np.abs(dx).astype(np.int64), np.abs(dy).astype(np.int64) << 15
    tangent = 13573 * x  # tan(22.5 degrees) in 15 bits
    horizontal = y < tangent
    vertical = ~horizontal & (y > tangent + (x << 16))  # tan(67.5) = 2 + tan(22.5)
    falling = (dx ^ dy) >= 0
    first = np.where(horizontal, neighbour(0, -1), np.where(vertical, neighbour(-1, 0), 0))
    second = np.where(horizontal, neighbour(0, 1), np.where(vertical, neighbour(1, 0), 0))
    on_axis = horizontal | vertical
    first = np.where(on_axis, first, np.where(falling, neighbour(-1, -1), neighbour(-1, 1)))
    second = np.where(on_axis, second, np.where(falling, neighbour(1, 1), neighbour(1, -1)))
    largest = (magnitude > first) & np.where(on_axis, magnitude >= second, magnitude > second)
    return np.where(largest, magnitude, -1).astype(np.int32)


def _hysteresis(classes: Array) -> Array:
    """Start at the strong pixels and walk over weak ones, through all eight neighbours."""
    h, w = classes.shape
    edges = np.where(classes == 2, 255, 0).astype(np.uint8)
    waiting = [(int(y), int(x)) for y, x in zip(*np.nonzero(classes == 2), strict=True)]
    while waiting:
        y, x = waiting.pop()
        for v in range(max(y - 1, 0), min(y + 2, h)):
            for u in range(max(x - 1, 0), min(x + 2, w)):
                if classes[v, u] == 1 and not edges[v, u]:
                    edges[v, u] = 255
                    waiting.append((v, u))
    return edges


def canny_thresholds(src: Any, *, aperture: int = 3, l2_gradient: bool = False) -> tuple[float, float]:
    """Thresholds for ``canny`` from the image itself: high by Otsu's method on the gradient magnitudes, low half of it.

    Otsu's threshold splits the magnitudes into two classes of greatest between-class variance: texture and noise below,
    contours above. It follows the contrast of the image and asks for no parameter.

    Parameters
    ----------
    src, aperture, l2_gradient
        As for ``canny``; the image lies in host memory.

    Returns
    -------
    low, high
        Floats in the units that ``canny`` takes with the same aperture and norm; (0.0, 0.0) for a constant image.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        As ``canny``.

    Notes ----- N. Otsu, A threshold selection method from gray-level histograms, IEEE SMC 9(1), 1979. M. Fang, G. Yue,
    Q. Yu, The study on an application of Otsu method in Canny operator, ISIP 2009.

    Examples
    --------
    >>> step = np.repeat(np.array([[0, 0, 0, 10, 10, 90, 90, 90]], np.uint8), 4, axis=0)
    >>> canny_thresholds(step)
    (20.0, 40.0)
    """
    image = check.image(canny, src)
    place(canny, "cpu", image)
    aperture = check.choice(canny, aperture, "aperture")
    l2 = check.flag(canny, l2_gradient, "l2_gradient")
    pixels = image.rows.reshape(image.height, image.width, image.channels).astype(np.int32)
    magnitude = _strongest_channel(*_derivatives(pixels, aperture), l2)[2].ravel()
    if l2:
        magnitude = np.sqrt(magnitude).astype(np.int32)
    counts = np.bincount(magnitude).astype(np.float64)
    below = np.cumsum(counts)
    mass = np.cumsum(counts * np.arange(counts.size))
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = below * above * (mass / below - (mass[-1] - mass) / above) ** 2
    high = float(np.argmax(np.nan_to_num(variance)))
    if aperture == 7:
        high *= 16.0
    return high / 2, high
