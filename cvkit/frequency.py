"""Noise and frequencies: the adaptive Wiener filter, and filters that multiply the spectrum of an image."""

import importlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.errors import ArgumentError, DeviceError, DtypeError
from cvkit.frequency_transfer import MODES, SHAPES, Design, half_transfer
from cvkit.operation import operation, spec_of
from cvkit.run.placement import OnCpu, OnCuda, kernels, place

Array = NDArray[Any]

PADDINGS = ("reflect", "zero")
PAIRS = "a list of pairs (u, v) of cycles per image"


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/frequency.py or kernels/cvkit_cuda/frequency.py"""
    return kernels(where.name, "frequency")


@operation(
    dtypes=("uint8", "uint16", "int16", "float32", "float64"),
    channels=(1, 2, 3, 4),
    result="float64, shape as src",
)
def wiener(
    src: Any,
    ksize: int | Sequence[int] = 3,
    noise: float | None = None,
    *,
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Wiener's filter with local statistics: flat parts are averaged, detail above the noise is kept.

    Equal to ``scipy.signal.wiener(src.astype(float), (height, width), noise)`` of each channel within 1e-12 of the
    largest value, as long as the noise is above a millionth of the largest square. Below, the rounding of local
    variances begins to show, SciPy's too, which computes its sums by Fourier transforms on all but small images.

    Parameters
    ----------
    src
        uint8, uint16, int16, float32 or float64 image, (H, W) or (H, W, C) with 1 to 4 channels, each filtered alone;
        any strides; never written to.
    ksize
        Width and height of the window, or one number for both; SciPy takes (rows, columns). Even sizes reach one pixel
        further to the left and up.
    noise
        Power (variance) of the noise, from 0 on; None takes the mean of the local variances, channel by channel.
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        float64 array of the shape of src, in host memory, that takes the result.

    Returns
    -------
    float64 array of the shape of src; on the GPU an array of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    With m and s2 the mean and the variance E[x^2] - m^2 of a window, in which pixels outside the image are 0 and count
    all the same, the result is m + (1 - noise / s2) (x - m) where s2 exceeds the noise, and m elsewhere. So it is m
    where both are 0, in flat parts when the noise is 0: SciPy divides 0 by 0 there and gives NaN. An all-zero image
    stays as it is, and so does any image for a window of one pixel. SciPy squares integers in their own type, where
    they overflow; cvkit computes in float64 throughout, and the local sums are float64 on the GPU too. A NaN or an
    infinity makes NaN of the windows that hold it, and of everything when the noise is estimated.

    J. S. Lim, Two-Dimensional Signal and Image Processing, Prentice Hall, 1990, p. 548.

    Examples
    --------
    >>> step = np.repeat(np.array([[10, 12, 10, 90, 92, 90]], np.uint8), 3, axis=0)
    >>> wiener(step, 3, noise=9.0)[1].round(1)
    array([ 9.1, 10.7, 10.2, 89.8, 90.7, 89.9])
    """
    image = check.image(wiener, src)
    width, height = check.size(wiener, ksize)
    power = None if noise is None else _at_least_zero(wiener, noise, "noise")
    where = place(wiener, device, image)
    dst = where.result(out, image.shape, np.float64)
    rows = dst.reshape(image.height, image.width * image.channels)
    _kernels(where).wiener(where.unit, *where.rows(), rows, image.channels, width, height, power)
    return where.hand_back(dst)


@operation(
    dtypes=("uint8", "uint16", "int16", "float32", "float64"),
    channels=(1, 2, 3, 4),
    choices={"mode": MODES, "shape": SHAPES, "pad": (False, True, *PADDINGS)},
    result="float64, shape as src",
    stages="frequency_stages",
    cuda="library: cuFFT through CuPy",
)
def frequency_filter(
    src: Any,
    mode: str,
    cutoff: float,
    *,
    shape: str = "gaussian",
    width: float | None = None,
    order: int = 2,
    centers: Sequence[Sequence[float]] | None = None,
    pad: bool | str = False,
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Filter in the frequency domain: the spectrum of the image is multiplied by a transfer function.

    Equal to ``cv2.idft(cv2.dft(src) * H)`` of each channel in float64, with H from ``transfer_function``, within 1e-12
    of the largest value.

    Parameters
    ----------
    src
        uint8, uint16, int16, float32 or float64 image, (H, W) or (H, W, C) with 1 to 4 channels, each filtered alone;
        any strides; never written to.
    mode
        "low" keeps frequencies up to the cutoff and "high" those above it, "band" those around it and "stop" the
        others; "notch" takes out the neighbourhood of single frequencies; "all" keeps the amplitude of every frequency
        and changes phases only.
    cutoff
        Where the filter turns over, in cycles per image, above 0: along a row the number of periods in the image's
        width, along a column the number in its height. The distance from zero frequency is sqrt(u^2 + v^2) in these
        units, those of the samples of the discrete Fourier transform; in an image that is not square a circle there is
        an ellipse in cycles per pixel. For "band" and "stop" it is the middle of the band, for "notch" the radius of
        each notch, for "all" the frequency along an axis at which the phase lags by 90 degrees times the order.
    shape
        "gaussian", "butterworth" or "ideal", the shape of the edge; "all" has none.
    width
        Width of the band in cycles per image, for "band" and "stop" alone, which need it.
    order
        Order of the Butterworth filter, or the number of stages of "all"; a whole number from 1 on.
    centers
        Frequencies (u, v) to take out, in cycles per image, u along the rows and v along the columns, for "notch"
        alone, which needs them. Each stands for itself and its mirror image (-u, -v).
    pad
        The spectrum is that of the image repeated without end, so that what lies near one side leaks in from the
        opposite one. True or "reflect" filters the image with its mirror image beside and below it, of twice the height
        and width: the repetition is then the image reflected at its borders ("reflect" of the other filters), whatever
        the reach of the filter, and a constant image stays constant. "zero" puts zeros there, as textbooks do: the
        borders darken, and an ideal filter, which reaches through any padding, still leaks a little. The cutoff keeps
        its meaning: cycles per image, not per padded image.
    device
        "auto" (where the array lies), "cpu" or "cuda"; on the GPU the transforms are cuFFT's and need CuPy.
    out
        float64 array of the shape of src, in host memory, that takes the result.

    Returns
    -------
    float64 array of the shape of src; on the GPU an array of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, chapter 4; ``transfer_function`` has the formulas and
    ``frequency_stages`` shows each step. A NaN or an infinity makes NaN of the whole channel.

    Examples
    --------
    >>> x = np.arange(8)
    >>> slow, fast = np.cos(2 * np.pi * x / 8), np.cos(2 * np.pi * 3 * x / 8)
    >>> np.allclose(frequency_filter((slow + fast)[None], "low", 2, shape="ideal"), slow)
    True
    """
    image = check.image(frequency_filter, src)
    padding = _padding(pad)
    design = _design((image.height, image.width), mode, cutoff, shape, width, order, centers)
    where = place(frequency_filter, device, image)
    if where.name == "cuda":
        _require_cupy()
    dst = where.result(out, image.shape, np.float64)
    rows = dst.reshape(image.height, image.width * image.channels)
    half = half_transfer((image.height, image.width), design, padding)
    _kernels(where).frequency_filter(where.unit, *where.rows(), rows, image.channels, half, padding)
    return where.hand_back(dst)


def _require_cupy() -> None:
    try:
        importlib.import_module("cupy")
    except ImportError as error:
        raise DeviceError(
            "frequency_filter: device is cuda, but its Fourier transforms are cuFFT's through CuPy, and the package "
            f"cupy can't be imported ({error}); pip install cupy-cuda13x, or take device='cpu'."
        ) from None


def _design(size: tuple[int, int], mode: Any, cutoff: Any, shape: Any, width: Any, order: Any, centers: Any) -> Design:
    mode = check.choice(frequency_filter, mode, "mode")
    shape = check.choice(frequency_filter, shape, "shape")
    cutoff = _above_zero(frequency_filter, cutoff, "cutoff")
    order = check.whole(frequency_filter, order, "order", least=1)
    for given, name, modes, wanted in (
        (width, "width", ("band", "stop"), "a number above 0"),
        (centers, "centers", ("notch",), PAIRS),
    ):
        if given is None and mode in modes:
            raise ArgumentError(f"frequency_filter: mode is {mode} and {name} is missing; it takes {wanted}.")
        if given is not None and mode not in modes:
            raise ArgumentError(f"frequency_filter: {name} is given and mode is {mode}; it goes with {_both(modes)}.")
    band = 0.0 if width is None else _above_zero(frequency_filter, width, "width")
    return Design(mode, shape, cutoff, band, order, () if centers is None else _centers(size, centers))


def _both(words: tuple[str, ...]) -> str:
    return " and ".join(words)


def _centers(size: tuple[int, int], centers: Any) -> tuple[tuple[float, float], ...]:
    """Pairs (u, v) among the frequencies that an image of this height and width has."""
    pairs = _as_list(centers)
    if not isinstance(pairs, (list, tuple)):
        raise DtypeError(f"frequency_filter: centers is {check.shown(centers)}; it takes {PAIRS}.")
    if not pairs:
        raise ArgumentError(f"frequency_filter: centers is empty; it takes {PAIRS}.")
    found = []
    for i, each in enumerate(pairs):
        pair = _as_list(each)
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            came = f"of {len(pair)} values" if isinstance(pair, (list, tuple)) else check.shown(pair)
            raise ArgumentError(f"frequency_filter: centers[{i}] is {came}; centers takes {PAIRS}.")
        u, v = (check.number(frequency_filter, value, f"centers[{i}]") for value in pair)
        if abs(u) > size[1] / 2 or abs(v) > size[0] / 2:
            raise ArgumentError(
                f"frequency_filter: centers[{i}] is ({u:g}, {v:g}); the highest frequencies of an image "
                f"{size[1]} wide and {size[0]} high are ({size[1] / 2:g}, {size[0] / 2:g})."
            )
        found.append((u, v))
    return tuple(found)


def _as_list(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _padding(pad: Any) -> str:
    """Empty, "reflect" or "zero"."""
    if isinstance(pad, str):
        if pad in PADDINGS:
            return pad
    elif isinstance(pad, (bool, np.bool_, int, np.integer)) and pad in (0, 1):
        return "reflect" if pad else ""
    raise ArgumentError(f"frequency_filter: pad is {check.shown(pad)}; it takes False, True, reflect or zero.")


def _at_least_zero(operation: check.Operation, value: Any, name: str) -> float:
    number = check.number(operation, value, name)
    if number < 0:
        raise ArgumentError(f"{spec_of(operation).name}: {name} is {number:g}; it takes a number from 0 on.")
    return number


def _above_zero(operation: check.Operation, value: Any, name: str) -> float:
    number = check.number(operation, value, name)
    if number <= 0:
        raise ArgumentError(f"{spec_of(operation).name}: {name} is {number:g}; it takes a number above 0.")
    return number


def transfer_function(
    shape_hw: Sequence[int],
    mode: str,
    cutoff: float,
    *,
    shape: str = "gaussian",
    width: float | None = None,
    order: int = 2,
    centers: Sequence[Sequence[float]] | None = None,
    pad: bool | str = False,
) -> Array:
    """What ``frequency_filter`` multiplies the spectrum of an image by.

    Parameters
    ----------
    shape_hw
        Height and width of the image.
    mode, cutoff, shape, width, order, centers, pad
        As for ``frequency_filter``.

    Returns
    -------
    float64 array of the image's height and width, of twice that with padding, zero frequency at [0, 0] as
    ``numpy.fft.fft2`` has it; ``numpy.fft.fftshift`` puts it into the middle. For "all" it is complex128. Its values at
    a frequency and at the opposite one are conjugates, so that the filtered image is real.

    Raises
    ------
    DtypeError, ArgumentError
        For an argument that is not as above.

    Notes
    -----
    With D = sqrt(u^2 + v^2), C the cutoff, W the width and n the order:

    ========  ====================  ==============================  ===================================
    mode      ideal                 butterworth                     gaussian
    ========  ====================  ==============================  ===================================
    low       1 where D <= C        1 / (1 + (D / C)^2n)            exp(-D^2 / (2 C^2))
    high      0 where D <= C        1 / (1 + (C / D)^2n)            1 - exp(-D^2 / (2 C^2))
    stop      0 where |D - C|       1 / (1 + (D W /                 1 - exp(-((D^2 - C^2) / (D W))^2)
              <= W / 2              (D^2 - C^2))^2n)
    band      1 - stop              1 - stop                        1 - stop
    ========  ====================  ==============================  ===================================

    notch: the product of two high-passes for each center, about (u0, v0) and (-u0, -v0), each of radius C. An even
    length has one sample for the highest frequency of both signs; it takes the mean of the two values there.

    all: the product of ((C - i f) / (C + i f))^n for f = u and f = v, whose absolute value is 1; the phase is -2 n
    arctan(f / C) along each axis. The highest frequency of an even length, which has no phase in a real image, has the
    factor 1.

    R. C. Gonzalez, R. E. Woods, Digital Image Processing, 3rd edition, sections 4.8 to 4.10.

    Examples
    --------
    >>> transfer_function((1, 6), "low", 1, shape="butterworth", order=1)
    array([[1. , 0.5, 0.2, 0.1, 0.2, 0.5]])
    """
    sides = _as_list(shape_hw)
    if not isinstance(sides, (list, tuple)) or len(sides) != 2:
        came = f"of {len(sides)} values" if isinstance(sides, (list, tuple)) else check.shown(sides)
        raise ArgumentError(f"transfer_function: shape_hw is {came}; it takes a height and a width.")
    h, w = (check.whole(frequency_filter, side, "shape_hw", least=1) for side in sides)
    size = (h, w)
    design = _design(size, mode, cutoff, shape, width, order, centers)
    padding = _padding(pad)
    half = half_transfer(size, design, padding).T
    if padding:
        h, w = 2 * h, 2 * w
    full = np.empty((h, w), half.dtype)
    full[:, : w // 2 + 1] = half
    mirrored = half[:, (w - 1) // 2 : 0 : -1]
    full[0, w // 2 + 1 :] = mirrored[0].conj()
    full[1:, w // 2 + 1 :] = mirrored[:0:-1].conj()
    return full


class FrequencyStages(NamedTuple):
    """What each step of a filter in the frequency domain gives."""

    spectrum: Array
    """float64, log(1 + |F|) of the image's spectrum, padded where that was asked for, zero frequency in the middle"""
    transfer: Array
    """float64, or complex128 for "all": the transfer function, zero frequency in the middle"""
    result: Array
    """float64, the filtered image"""


def frequency_stages(
    src: Any,
    mode: str,
    cutoff: float,
    *,
    shape: str = "gaussian",
    width: float | None = None,
    order: int = 2,
    centers: Sequence[Sequence[float]] | None = None,
    pad: bool | str = False,
) -> FrequencyStages:
    """A filter in the frequency domain one step after the other, in plain NumPy: to read and to look at.

    ``frequency_stages(...).result`` is ``frequency_filter(...)`` but for rounding.

    Parameters
    ----------
    src, mode, cutoff, shape, width, order, centers, pad
        As for ``frequency_filter``; the image lies in host memory.

    Returns
    -------
    FrequencyStages
        Arrays spectrum, transfer and result.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        As ``frequency_filter``.

    Notes
    -----
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, chapter 4.

    Examples
    --------
    >>> stripes = np.tile(np.array([0.0, 4.0]), (2, 3))
    >>> stages = frequency_stages(stripes, "low", 1)
    >>> np.expm1(stages.spectrum).round(9)
    array([[ 0.,  0.,  0.,  0.,  0.,  0.],
           [24.,  0.,  0., 24.,  0.,  0.]])
    """
    image = check.image(frequency_filter, src)
    place(frequency_filter, "cpu", image)  # refuses an array on a GPU
    h, w = image.height, image.width
    transfer = transfer_function((h, w), mode, cutoff, shape=shape, width=width, order=order, centers=centers, pad=pad)
    pixels = image.rows.reshape(h, w, image.channels).astype(np.float64)
    padding = _padding(pad)
    if padding:
        pixels = np.pad(pixels, ((0, h), (0, w), (0, 0)), mode="symmetric" if padding == "reflect" else "constant")
    spectrum = np.fft.fft2(pixels, axes=(0, 1))
    filtered = np.fft.ifft2(spectrum * transfer[..., None], axes=(0, 1)).real[:h, :w]
    shown = np.log1p(np.abs(np.fft.fftshift(spectrum, axes=(0, 1))))
    seen = shown[..., 0] if image.channels == 1 else shown
    return FrequencyStages(seen, np.fft.fftshift(transfer), np.ascontiguousarray(filtered).reshape(image.shape))
