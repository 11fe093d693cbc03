"""Gradients of images: both first derivatives at once, their magnitude, and its stages."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.operation import operation
from cvkit.run.placement import OnCpu, OnCuda, kernels, place

Array = NDArray[Any]

BORDERS = ("constant", "replicate", "reflect", "reflect101")
SCHARR = -1
SIZES = (SCHARR, *range(1, 32, 2))
NORMS = ("l2", "l1")


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/gradients.py or kernels/cvkit_cuda/gradients.py"""
    return kernels(where.name, "gradients")


def _weights() -> Any:
    """kernels/cvkit_cpu/derivatives_weights.py, host arithmetic for both devices; it loads no Numba."""
    return kernels("cpu", "derivatives_weights")


class Gradient(NamedTuple):
    """First derivatives of an image."""

    dx: Any
    """int16, along the rows"""
    dy: Any
    """int16, down the columns"""


@operation(
    dtypes=("uint8",),
    channels=(1, 2, 3, 4),
    borders=BORDERS,
    choices={"ksize": (3,)},
    result="dx and dy, int16",
)
def spatial_gradient(src: Any, *, ksize: int = 3, border: str | int = "reflect101", device: str = "auto") -> Gradient:
    """Both first derivatives of an image by Sobel's 3 x 3 kernels, in one pass over it.

    Equal to ``cv2.spatialGradient(src, ksize=3, borderType=border)`` in every element, on both devices, for the one
    channel and the borders "replicate" and "reflect101" that it takes, and to ``cv2.Sobel`` for the others.

    Parameters
    ----------
    src
        uint8 image, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to.
    ksize
        3.
    border
        What lies outside the image: "constant" (zeros), "replicate", "reflect" or "reflect101"; or cv2's constant.
    device
        "auto" (where the array lies), "cpu" or "cuda".

    Returns
    -------
    Gradient
        dx and dy, int16 arrays of the shape of src; on the GPU of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    The differences along the two diagonals hold the corners of both kernels, so the two take little more time than one.

    Examples
    --------
    >>> y, x = np.mgrid[:3, :4]
    >>> spatial_gradient((10 * x + 3 * y).astype(np.uint8)).dx[1]
    array([ 0, 80, 80,  0], dtype=int16)
    """
    image = check.image(spatial_gradient, src)
    check.choice(spatial_gradient, ksize, "ksize")
    code = check.border(spatial_gradient, border)
    where = place(spatial_gradient, device, image)
    (rows,) = where.rows()
    dx, dy = where.result(None, image.shape, np.int16), where.result(None, image.shape, np.int16)
    plan = _kernels(where).spatial_gradient
    plan(where.unit, rows, dx.reshape(rows.shape), dy.reshape(rows.shape), image.channels, code)
    return Gradient(where.hand_back(dx), where.hand_back(dy))


@operation(
    dtypes=("uint8", "uint16", "int16", "float32"),
    channels=(1, 2, 3, 4),
    borders=BORDERS,
    choices={"ksize": SIZES, "norm": NORMS},
    result="float32",
    stages="gradient_stages",
)
def gradient_magnitude(
    src: Any,
    *,
    ksize: int = 3,
    norm: str = "l2",
    border: str | int = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """How steep an image is: the magnitude of its two first derivatives, of each channel by itself.

    Equal to ``cv2.magnitude(dx, dy)`` in every element, on both devices, where dx and dy are ``cv2.Sobel`` in float32
    with the same ksize and border; with norm "l1" to ``cv2.add(abs(dx), abs(dy))``.

    Parameters
    ----------
    src
        Image, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to. Its values are finite.
    ksize
        Size of the Sobel kernels, odd, from 1 to 31; -1 is Scharr's of 3 x 3.
    norm
        "l2" for sqrt(dx^2 + dy^2), "l1" for |dx| + |dy|.
    border
        What lies outside the image: "constant" (zeros), "replicate", "reflect" or "reflect101"; or cv2's constant.
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        float32 array in host memory of the shape of src that takes the result.

    Returns
    -------
    float32 array of the shape of src; on the GPU of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    From uint8 with ksize -1, 3 and 5 it is one pass over the image, which holds no derivatives of the whole of it.
    ``gradient_stages`` gives the derivatives, the magnitude and the direction.

    Examples
    --------
    >>> y, x = np.mgrid[:3, :4]
    >>> gradient_magnitude((10 * (3 * x + 4 * y)).astype(np.uint8))[1]
    array([320., 400., 400., 320.], dtype=float32)
    """
    image = check.image(gradient_magnitude, src)
    size = check.choice(gradient_magnitude, ksize, "ksize")
    l1 = check.choice(gradient_magnitude, norm, "norm") == "l1"
    code = check.border(gradient_magnitude, border)
    where = place(gradient_magnitude, device, image)
    slope, smooth = _weights().pair(1, 0, size, 1.0, "float32")
    dst = where.result(out, image.shape, np.float32)
    (rows,) = where.rows()
    plan = _kernels(where).gradient_magnitude
    plan(where.unit, rows, dst.reshape(rows.shape), image.channels, slope, smooth, l1, code)
    return where.hand_back(dst)


class GradientStages(NamedTuple):
    """What a gradient is made of; float32 arrays of the shape of the image."""

    dx: Array
    """derivative along the rows"""
    dy: Array
    """derivative down the columns"""
    magnitude: Array
    """sqrt(dx^2 + dy^2), or |dx| + |dy|"""
    direction: Array
    """where the image rises, in degrees from 0 to 360: 0 to the right, 90 downwards; 0 where it is flat"""


def gradient_stages(src: Any, *, ksize: int = 3, norm: str = "l2", border: str | int = "reflect101") -> GradientStages:
    """The gradient of an image one step after the other: derivatives, magnitude and direction.

    ``gradient_stages(...).magnitude`` equals ``gradient_magnitude(...)`` with the same arguments.

    Parameters
    ----------
    src, ksize, norm, border
        As for ``gradient_magnitude``; the image lies in host memory.

    Returns
    -------
    GradientStages
        Arrays dx, dy, magnitude and direction, float32, of the shape of src.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        As ``gradient_magnitude``.

    Examples
    --------
    >>> y, x = np.mgrid[:3, :4]
    >>> gradient_stages((10 * x + 10 * y).astype(np.uint8)).direction[1]
    array([90., 45., 45., 90.], dtype=float32)
    """
    magnitude = gradient_magnitude(src, ksize=ksize, norm=norm, border=border, device="cpu")
    size = check.choice(gradient_magnitude, ksize, "ksize")
    dx, dy = _derivatives(check.image(gradient_magnitude, src), size, check.border(gradient_magnitude, border))
    angle = np.degrees(np.arctan2(dy.astype(np.float64), dx.astype(np.float64))) % 360
    return GradientStages(dx, dy, magnitude, angle.astype(np.float32) % np.float32(360))


def _derivatives(image: check.Image, ksize: int, border: int) -> tuple[Array, Array]:
    """Both first derivatives in float32, of checked arguments."""
    where = place(gradient_magnitude, "cpu", image)
    (rows,) = where.rows()
    dx, dy = where.result(None, image.shape, np.float32), where.result(None, image.shape, np.float32)
    plan = kernels(where.name, "derivatives").sobel
    for dst, orders in ((dx, (1, 0)), (dy, (0, 1))):
        weights = _weights().pair(*orders, ksize, 1.0, "float32")
        plan(where.unit, rows, dst.reshape(rows.shape), image.channels, *weights, 0.0, border)
    return dx, dy
