"""Gaussian blur, and the weights of its kernel."""

from typing import Any

import numpy as np

from cvkit import check
from cvkit.errors import ArgumentError, DtypeError
from cvkit.operation import operation
from cvkit.run.placement import DEVICES, OnCpu, OnCuda, kernels, place

BORDERS = ("constant", "replicate", "reflect", "wrap", "reflect101")
FLOAT_BORDERS = ("constant", "replicate", "reflect", "reflect101")
BITS = {np.dtype(np.uint8): 8, np.dtype(np.uint16): 16}  # of a weight; the other dtypes have weights in floats
LONGEST = 46341  # taps: beyond it OpenCV squares distances that int32 can't hold


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/gaussian.py or kernels/cvkit_cuda/gaussian.py"""
    return kernels(where.name, "gaussian")


def _weights() -> Any:
    """kernels/cvkit_cpu/gaussian_weights.py, host arithmetic for both devices; it loads no Numba."""
    return kernels("cpu", "gaussian_weights")


@operation(
    dtypes=("uint8", "uint16", "int16", "float32", "float64"),
    channels=(1, 2, 3, 4),
    borders=BORDERS,
    result="as the source",
)
def gaussian_blur(
    src: Any,
    ksize: Any,
    sigma_x: float = 0,
    sigma_y: float = 0,
    *,
    border: str | int = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Smooth with a Gaussian: every pixel becomes a weighted mean of its surroundings.

    Equal to ``cv2.GaussianBlur(src, ksize, sigma_x, sigmaY=sigma_y, borderType=border)`` in every bit, on both devices.

    Parameters
    ----------
    src
        Image, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to.
    ksize
        Width and height of the kernel, odd; one number stands for both. A side of 0 or less follows from its sigma: 6
        sigma + 1 for uint8, 8 sigma + 1 for the other dtypes, rounded and made odd. Neither need fit in the image.
    sigma_x, sigma_y
        Standard deviations in pixels. A sigma_y of 0 or less is sigma_x; a sigma_x of 0 or less follows from the size:
        0.15 n + 0.35, and a fixed binomial-like kernel up to n = 9.
    border
        What lies outside the image: "constant" (zeros), "replicate", "reflect", "reflect101", or for uint8 and uint16
        also "wrap"; or cv2's constant.
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        Array in host memory of the shape and dtype of src that takes the result.

    Returns
    -------
    Array of the shape and dtype of src; on the GPU of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    The kernel is separable: columns and rows are smoothed one after the other. uint8 and uint16 are computed in fixed
    point, with weights of 8 and 16 fractional bits that sum to 1 exactly, and rounded once: the result is the same on
    every processor. D. Marr, E. Hildreth, Theory of edge detection, Proc. R. Soc. Lond. B 207, 1980, for why a
    Gaussian.

    Examples
    --------
    >>> point = np.zeros((3, 5), np.uint8)
    >>> point[1, 2] = 160
    >>> gaussian_blur(point, (3, 3))
    array([[ 0, 20, 40, 20,  0],
           [ 0, 20, 40, 20,  0],
           [ 0, 20, 40, 20,  0]], dtype=uint8)
    """
    image = check.image(gaussian_blur, src)
    width, height = _size(ksize)
    sigma = check.number(gaussian_blur, sigma_x, "sigma_x"), check.number(gaussian_blur, sigma_y, "sigma_y")
    where = place(gaussian_blur, device, image)
    (rows,) = where.rows()
    bits = BITS.get(rows.dtype)
    code = check.border(gaussian_blur, border, None if bits else FLOAT_BORDERS)
    across, down = max(sigma[0], 0.0), sigma[1] if sigma[1] > 0 else max(sigma[0], 0.0)
    reach = 6 if bits == 8 else 8
    n, m = _taps(width, across, reach, "sigma_x"), _taps(height, down, reach, "sigma_y" if sigma[1] > 0 else "sigma_x")
    if code != check.BORDERS["constant"]:  # along an axis of length 1 there are no other pixels, as in cv2
        n, m = n if image.width > 1 else 1, m if image.height > 1 else 1
    kernel_x = _kernel(rows.dtype, bits, n, across)
    kernel_y = kernel_x if (m, down) == (n, across) else _kernel(rows.dtype, bits, m, down)
    dst = where.result(out, image.shape, rows.dtype)
    plan = _kernels(where).gaussian_blur
    plan(where.unit, rows, dst.reshape(rows.shape), image.channels, kernel_x, kernel_y, code)
    return where.hand_back(dst)


def _kernel(dtype: Any, bits: int | None, n: int, sigma: float) -> Any:
    """The weights as the plan takes them for images of the dtype, read-only."""
    if bits:
        return _weights().fixed_point_weights(n, sigma, bits)
    return _weights().gaussian_weights(n, sigma) if dtype == np.float64 else _weights().float32_weights(n, sigma)


def _size(ksize: Any) -> tuple[int, int]:
    """Width and height of the kernel, 0 for what follows from sigma."""
    wanted = "a width and a height, odd whole numbers, or 0 for what follows from sigma"
    pair = (ksize, ksize) if isinstance(ksize, (int, np.integer)) else ksize
    if not isinstance(pair, (tuple, list, np.ndarray)) or len(pair) != 2:
        raise DtypeError(f"gaussian_blur: ksize is {check.shown(ksize)}; it takes {wanted}.")
    for side in pair:
        if type(side) is int and side <= LONGEST and (side % 2 or side <= 0):
            continue
        if not isinstance(side, (int, np.integer)) or isinstance(side, (bool, np.bool_)):
            raise DtypeError(f"gaussian_blur: ksize has {check.shown(side)} in it; it takes {wanted}.")
        if side > 0 and side % 2 == 0:
            raise ArgumentError(f"gaussian_blur: ksize is {tuple(int(v) for v in pair)}; it takes {wanted}.")
        if side > LONGEST:
            raise ArgumentError(f"gaussian_blur: ksize is {tuple(int(v) for v in pair)}; a side is at most {LONGEST}.")
    return max(int(pair[0]), 0), max(int(pair[1]), 0)


def _taps(side: int, sigma: float, reach: int, name: str) -> int:
    """The side of the kernel that is asked for, or the one that follows from sigma."""
    if side:
        return side
    if sigma == 0:
        raise ArgumentError("gaussian_blur: a side of ksize and its sigma are both 0; it takes one of them.")
    if sigma * reach + 1 > LONGEST:
        raise ArgumentError(
            f"gaussian_blur: {name} is {sigma:g}, which makes a kernel of {sigma * reach + 1:g} taps; "
            f"it takes at most {LONGEST}. Reduce the image first."
        )
    return round(sigma * reach + 1) | 1


@operation(
    dtypes=("float32", "float64"),
    channels=(),
    images=(),
    result="(n, 1) of dtype",
    cuda="host: a few numbers",
)
def get_gaussian_kernel(
    n: int,
    sigma: float = -1,
    *,
    dtype: Any = "float64",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """The weights of a Gaussian kernel, which sum to 1.

    Equal to ``cv2.getGaussianKernel(n, sigma, dtype)`` in every bit.

    Parameters
    ----------
    n
        Number of weights, from 1 to 46341; they are symmetric about the middle, for an even n between two of them.
    sigma
        Standard deviation in steps; 0 or less follows from n: 0.15 n + 0.35, and a fixed binomial-like kernel for n =
        1, 3, 5, 7 and 9.
    dtype
        float32 or float64, or cv2's CV_32F or CV_64F.
    device
        "auto", "cpu" or "cuda": the weights are computed on the host, where they are wanted, whichever it is.
    out
        Array (n, 1) of dtype that takes the result.

    Returns
    -------
    Array (n, 1) of dtype in host memory.

    Raises
    ------
    DtypeError, ArgumentError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    ``exp(-x**2 / (2 sigma**2))`` at the places of the taps, over its sum; the exponential is OpenCV's own, from a
    table. The weights of ``gaussian_blur`` are these, for uint8 and uint16 in fixed point.

    Examples
    --------
    >>> get_gaussian_kernel(5).ravel()
    array([0.0625, 0.25  , 0.375 , 0.25  , 0.0625])
    """
    count = check.whole(get_gaussian_kernel, n, "n", least=1, most=LONGEST)
    width = check.number(get_gaussian_kernel, sigma, "sigma")
    kind = _float_dtype(dtype)
    where = place(get_gaussian_kernel, "cpu" if isinstance(device, str) and device in DEVICES else device)
    dst = where.result(out, (count, 1), kind)
    _kernels(where).get_gaussian_kernel(where.unit, dst, max(width, 0.0))
    return where.hand_back(dst)


def _float_dtype(value: Any) -> Any:
    """float32 or float64, by NumPy's name or cv2's number."""
    try:
        number = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        dtype = np.dtype(check.DEPTHS[int(value)] if number else value)
    except (IndexError, TypeError):
        dtype = None
    if value is None or dtype not in (np.float32, np.float64):
        raise DtypeError(f"get_gaussian_kernel: dtype is {check.shown(value)}; it takes float32 or float64.")
    return dtype
