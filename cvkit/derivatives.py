"""Derivatives of images: Sobel's and Scharr's, along axes and diagonals, the Laplacian, and the weights of kernels."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from cvkit import check
from cvkit.derivatives_arguments import (
    DTYPES,
    LAPLACIAN_RESULTS,
    SCHARR,
    SEPARABLE_RESULTS,
    WINDOW_RESULTS,
    accumulator,
    checked_orders,
    float_dtype,
    result_dtype,
    scale_factor,
)
from cvkit.operation import operation
from cvkit.run.placement import DEVICES, OnCpu, OnCuda, kernels, place

Array = NDArray[Any]

BORDERS = ("constant", "replicate", "reflect", "reflect101")
LAPLACIAN_SIZES = tuple(range(1, 32, 2))
SIZES = (SCHARR, *LAPLACIAN_SIZES)
ANGLES = (45, 135)


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/derivatives.py or kernels/cvkit_cuda/derivatives.py"""
    return kernels(where.name, "derivatives")


def _weights() -> Any:
    """kernels/cvkit_cpu/derivatives_weights.py, host arithmetic for both devices; it loads no Numba."""
    return kernels("cpu", "derivatives_weights")


@operation(
    dtypes=DTYPES,
    channels=(1, 2, 3, 4),
    borders=BORDERS,
    choices={"ksize": SIZES},
    result="dtype, by default int16 from uint8, float32 from 16 bits, else that of the source",
)
def sobel(
    src: Any,
    dx: int,
    dy: int,
    *,
    ksize: int = 3,
    dtype: Any = None,
    scale: float = 1,
    delta: float = 0,
    border: str | int = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Derivative of an image of any order by Sobel's kernels: differenced along, and smoothed across its direction.

    Equal to ``cv2.Sobel(src, dtype, dx, dy, ksize=ksize, scale=scale, delta=delta, borderType=border)`` in every
    element, on both devices.

    Parameters
    ----------
    src
        Image, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to. Its values are finite.
    dx, dy
        Orders of the derivative along the rows and down the columns, below ksize (ksize 1: up to 2), not both 0.
    ksize
        Size of the kernel, odd, from 1 to 31; -1 is Scharr's of 3 x 3. With 1 there is no smoothing.
    dtype
        Of the result: None is int16 for uint8, float32 for uint16 and int16, else as the source; -1 as the source. Any
        of uint8, uint16, int16, float32 and float64, but float32 from float64. Integers are rounded half to even and
        saturated, so uint8 loses what is negative.
    scale
        Factor of the result, which the weights are multiplied with.
    delta
        Number that is added to the result.
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
    I. Sobel, G. Feldman, A 3x3 isotropic gradient operator for image processing, 1968. The derivative is not divided by
    the sum of the weights: a ramp of slope 1 gives 8 with ksize 3. ``get_deriv_kernels`` gives the weights.

    Examples
    --------
    >>> ramp = np.tile(np.array([0, 10, 20, 30], np.uint8), (3, 1))
    >>> sobel(ramp, 1, 0)[1]
    array([ 0, 80, 80,  0], dtype=int16)
    """
    image, size = check.image(sobel, src), check.choice(sobel, ksize, "ksize")
    return _derivative(sobel, image, dx, dy, size, dtype, scale, delta, border, device, out)


def _derivative(
    operation: Any,
    image: check.Image,
    dx: Any,
    dy: Any,
    ksize: int,
    dtype: Any,
    scale: Any,
    delta: Any,
    border: Any,
    device: Any,
    out: Any,
) -> Any:
    x, y = checked_orders(operation, dx, dy, ksize)
    offset = check.number(operation, delta, "delta")
    code = check.border(operation, border)
    where = place(operation, device, image)
    (rows,) = where.rows()
    result = result_dtype(operation, dtype, rows.dtype, SEPARABLE_RESULTS)
    kind = accumulator(rows.dtype, result)
    along, down = _weights().pair(x, y, ksize, scale_factor(operation, scale, kind), kind)
    dst = where.result(out, image.shape, result)
    plan = getattr(_kernels(where), operation.__name__)
    plan(where.unit, rows, dst.reshape(rows.shape), image.channels, along, down, offset, code)
    return where.hand_back(dst)


@operation(
    dtypes=DTYPES,
    channels=(1, 2, 3, 4),
    borders=BORDERS,
    result="dtype, by default int16 from uint8, float32 from 16 bits, else that of the source",
)
def scharr(
    src: Any,
    dx: int,
    dy: int,
    *,
    dtype: Any = None,
    scale: float = 1,
    delta: float = 0,
    border: str | int = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """First derivative of an image by Scharr's 3 x 3 kernel, whose directions are truer than those of Sobel's.

    Equal to ``cv2.Scharr(src, dtype, dx, dy, scale=scale, delta=delta, borderType=border)`` in every element, on both
    devices.

    Parameters
    ----------
    src
        Image, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to. Its values are finite.
    dx, dy
        Orders of the derivative along the rows and down the columns: 1 and 0, or 0 and 1.
    dtype, scale, delta, border, device, out
        As for ``sobel``.

    Returns
    -------
    Array of the shape of src; on the GPU of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    H. Scharr, Optimal operators in digital image processing, thesis, Heidelberg 2000. The weights are [-1 0 1] along
    the derivative and [3 10 3] across it: a ramp of slope 1 gives 32.

    Examples
    --------
    >>> ramp = np.tile(np.array([0, 10, 20, 30], np.uint8), (3, 1))
    >>> scharr(ramp, 1, 0)[1]
    array([  0, 320, 320,   0], dtype=int16)
    """
    return _derivative(scharr, check.image(scharr, src), dx, dy, SCHARR, dtype, scale, delta, border, device, out)


@operation(
    dtypes=DTYPES,
    channels=(1, 2, 3, 4),
    borders=BORDERS,
    choices={"ksize": LAPLACIAN_SIZES},
    result="dtype, by default int16 from uint8, float32 from 16 bits, else that of the source",
)
def laplacian(
    src: Any,
    *,
    ksize: int = 1,
    dtype: Any = None,
    scale: float = 1,
    delta: float = 0,
    border: str | int = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Laplacian of an image: the sum of the second derivatives along the rows and down the columns.

    Equal to ``cv2.Laplacian(src, dtype, ksize=ksize, scale=scale, delta=delta, borderType=border)`` without IPP in
    every element, on both devices.

    Parameters
    ----------
    src
        Image, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to. Its values are finite.
    ksize
        Size of the kernel, odd, from 1 to 31. 1 is [0 1 0; 1 -4 1; 0 1 0], 3 is [2 0 2; 0 -8 0; 2 0 2], the larger ones
        are sums of Sobel's second derivatives.
    dtype
        Of the result: None is int16 for uint8, float32 for uint16 and int16, else as the source; -1 as the source. From
        uint8, or with ksize from 5 on, any of uint8, uint16, int16, float32 and float64; else those that are a float or
        as the source, from float32 and float64 only as the source. Integers are rounded half to even and saturated.
    scale
        Factor of the result.
    delta
        Number that is added to the result.
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
    As in OpenCV, from ksize 5 on the second derivatives are saturated in int16 for uint8 with ksize 5, and kept in
    float32 otherwise, in float64 for a source of float64.

    Examples
    --------
    >>> point = np.zeros((3, 5), np.uint8)
    >>> point[1, 2] = 100
    >>> laplacian(point)[1]
    array([   0,  100, -400,  100,    0], dtype=int16)
    """
    image = check.image(laplacian, src)
    size = check.choice(laplacian, ksize, "ksize")
    offset = check.number(laplacian, delta, "delta")
    code = check.border(laplacian, border)
    where = place(laplacian, device, image)
    (rows,) = where.rows()
    result = result_dtype(laplacian, dtype, rows.dtype, LAPLACIAN_RESULTS if size > 3 else WINDOW_RESULTS)
    kind = accumulator(rows.dtype, result)
    factor = scale_factor(laplacian, scale, kind)
    second, smooth = _weights().second_derivative(size)
    dst = where.result(out, image.shape, result)
    plan = _kernels(where).laplacian
    plan(where.unit, rows, dst.reshape(rows.shape), image.channels, second, smooth, factor, offset, code)
    return where.hand_back(dst)


@operation(
    dtypes=DTYPES,
    channels=(1, 2, 3, 4),
    borders=BORDERS,
    choices={"angle": ANGLES},
    result="dtype, by default int16 from uint8, float32 from 16 bits, else that of the source",
)
def sobel_diagonal(
    src: Any,
    angle: int,
    *,
    dtype: Any = None,
    scale: float = 1,
    delta: float = 0,
    border: str | int = "reflect101",
    device: str = "auto",
    out: Any = None,
) -> Any:
    """First derivative of an image along a diagonal, by Sobel's kernel turned by 45 or 135 degrees.

    Equal to ``cv2.filter2D(src, dtype, kernel, delta=delta, borderType=border)`` in every element, on both devices,
    with the kernel of the angle times scale:

        45:  [-2 -1  0]      135:  [ 0 -1 -2]
             [-1  0  1]            [ 1  0 -1]
             [ 0  1  2]            [ 2  1  0]

    Parameters
    ----------
    src
        Image, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to. Its values are finite.
    angle
        Direction of the derivative in degrees, from that of the rows to that of the columns, as ``cv2.phase`` counts:
        45 is where values rise to the lower right, 135 to the lower left.
    dtype
        Of the result: None is int16 for uint8, float32 for uint16 and int16, else as the source; -1 as the source. From
        uint8 any of uint8, uint16, int16, float32 and float64, from uint16 and int16 also float32 and float64. Integers
        are rounded half to even and saturated.
    scale, delta, border, device, out
        As for ``sobel``.

    Returns
    -------
    Array of the shape of src; on the GPU of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    W. K. Pratt, Digital image processing, on edge detection by templates. A ramp of slope 1 along the diagonal, that
    is 1 a step to the right and 1 a step down, gives 12.

    Examples
    --------
    >>> y, x = np.mgrid[:3, :5]
    >>> sobel_diagonal((10 * (x + y)).astype(np.uint8), 45, border="replicate")[1]
    array([ 90, 120, 120, 120,  90], dtype=int16)
    """
    image = check.image(sobel_diagonal, src)
    direction = check.choice(sobel_diagonal, angle, "angle")
    offset = check.number(sobel_diagonal, delta, "delta")
    code = check.border(sobel_diagonal, border)
    where = place(sobel_diagonal, device, image)
    (rows,) = where.rows()
    result = result_dtype(sobel_diagonal, dtype, rows.dtype, WINDOW_RESULTS)
    kind = accumulator(rows.dtype, result)
    kernel = _weights().diagonal(direction, scale_factor(sobel_diagonal, scale, kind), kind)
    dst = where.result(out, image.shape, result)
    plan = _kernels(where).sobel_diagonal
    plan(where.unit, rows, dst.reshape(rows.shape), image.channels, kernel, offset, code)
    return where.hand_back(dst)


class DerivKernels(NamedTuple):
    """Weights of a separable derivative kernel."""

    kx: Array
    """(n, 1), along the rows"""
    ky: Array
    """(m, 1), down the columns"""


@operation(
    dtypes=("float32", "float64"),
    channels=(),
    images=(),
    choices={"ksize": SIZES},
    result="(n, 1) and (m, 1) of dtype",
    cuda="host: a few numbers",
)
def get_deriv_kernels(
    dx: int, dy: int, ksize: int, *, normalize: bool = False, dtype: Any = "float32", device: str = "auto"
) -> DerivKernels:
    """The weights of a derivative, whose product along the rows and down the columns is its kernel.

    Equal to ``cv2.getDerivKernels(dx, dy, ksize, normalize=normalize, ktype=dtype)`` in every bit.

    Parameters
    ----------
    dx, dy
        Orders of the derivative along the rows and down the columns, below ksize (ksize 1: up to 2), not both 0.
    ksize
        Size of the kernel, odd, from 1 to 31; -1 is Scharr's of 3 x 3.
    normalize
        Divide the weights by a power of two that keeps the derivative in the range of the values.
    dtype
        float32 or float64, or cv2's CV_32F or CV_64F.
    device
        "auto", "cpu" or "cuda": the weights are computed on the host, where they are wanted, whichever it is.

    Returns
    -------
    DerivKernels
        kx (n, 1) and ky (m, 1), arrays of dtype in host memory, ready for ``sep_filter2d``.

    Raises
    ------
    DtypeError, ArgumentError
        For an argument that is not as above.

    Notes
    -----
    Weights of order k and size n are [1 1] convolved with itself n - k - 1 times, then k times with [-1 1].

    Examples
    --------
    >>> kx, ky = get_deriv_kernels(1, 0, 5)
    >>> kx.ravel(), ky.ravel()
    (array([-1., -2.,  0.,  2.,  1.], dtype=float32), array([1., 4., 6., 4., 1.], dtype=float32))
    """
    size = check.choice(get_deriv_kernels, ksize, "ksize")
    x, y = checked_orders(get_deriv_kernels, dx, dy, size)
    halved = check.flag(get_deriv_kernels, normalize, "normalize")
    kind = float_dtype(get_deriv_kernels, dtype)
    where = place(get_deriv_kernels, "cpu" if isinstance(device, str) and device in DEVICES else device)
    along, down = (where.result(None, (_weights().taps(order, size), 1), kind) for order in (x, y))
    _kernels(where).get_deriv_kernels(where.unit, along, down, x, y, size, halved)
    return DerivKernels(where.hand_back(along), where.hand_back(down))
