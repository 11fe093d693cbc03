"""Thresholds: one value for the whole image, given or chosen from its histogram, or one for each pixel."""

import math
from typing import Any, NamedTuple

import numpy as np

from cvkit import check
from cvkit.errors import ArgumentError, DtypeError
from cvkit.operation import operation
from cvkit.run.placement import OnCpu, OnCuda, kernels, place

DTYPES = ("uint8", "uint16", "int16", "float32", "float64")
MODES = ("binary", "binary_inv", "trunc", "tozero", "tozero_inv")  # by cv2's numbers
CHOSEN = {"": 0, "+otsu": 8, "+triangle": 16}  # cv2's flags
WAYS = {mode + way: (number, way[1:]) for way in CHOSEN for number, mode in enumerate(MODES)}
NUMBERED = {number + flag: (number, way[1:]) for way, flag in CHOSEN.items() for number in range(len(MODES))}
TAKES = {"otsu": ("uint8", "uint16"), "triangle": ("uint8",)}
METHODS = ("mean", "gaussian")  # by cv2's numbers
LARGEST_BLOCK = 32767


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/thresholds.py or kernels/cvkit_cuda/thresholds.py"""
    return kernels(where.name, "thresholds")


class Threshold(NamedTuple):
    """What a threshold gives."""

    value: float
    """the threshold itself: chosen, or as given, for whole numbers rounded down"""
    image: Any
    """the image with the threshold applied"""


@operation(
    dtypes=DTYPES,
    channels=(1, 2, 3, 4),
    choices={"type": (*WAYS, *NUMBERED)},
    result="(value, image)",
)
def threshold(
    src: Any,
    thresh: float,
    max_value: float = 255,
    type: str | int = "binary",
    *,
    device: str = "auto",
    out: Any = None,
) -> Threshold:
    """Compare every element with one value, given or chosen by Otsu's or the triangle method.

    Equal to ``cv2.threshold(src, thresh, max_value, type)`` in every element, and in the value, on both devices. NaN
    gives 0, and the threshold with "trunc", which cv2 does for most of a row but not for the end of it; numbers beyond
    int32, which wrap around in cv2 for images of whole numbers, count as what they are.

    Parameters
    ----------
    src
        Image, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to. With Otsu's method uint8 or
        uint16, with the triangle method uint8, and one channel.
    thresh
        The threshold, in units of the image and rounded down for whole numbers. With "+otsu" and "+triangle" it is
        chosen from the image, and what is given here means nothing.
    max_value
        What "binary" and "binary_inv" give, rounded half to even and clamped to the dtype.
    type
        "binary": max_value above the threshold, else 0. "binary_inv": 0 above, else max_value. "trunc": the threshold
        above, else the element. "tozero": the element above, else 0. "tozero_inv": 0 above, else the element. Each also
        with "+otsu" or "+triangle" behind it; or cv2's constants.
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        Array in host memory of the shape and dtype of src that takes the image.

    Returns
    -------
    Threshold
        value, the threshold that was applied, and image, of the shape and dtype of src; on the GPU an array of the kind
        that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    N. Otsu, A threshold selection method from gray-level histograms, IEEE SMC 9(1), 1979. G. Zack, W. Rogers, S. Latt,
    Automatic measurement of sister chromatid exchange frequency, J. Histochem. Cytochem. 25(7), 1977. An integer
    threshold below all elements of the dtype truncates to 0, as in OpenCV.

    Examples
    --------
    >>> ramp = np.array([[10, 20, 30, 200, 210]], np.uint8)
    >>> threshold(ramp, 25.5)
    Threshold(value=25.0, image=array([[  0,   0, 255, 255, 255]], dtype=uint8))
    >>> threshold(ramp, 0, type="tozero+otsu")
    Threshold(value=30.0, image=array([[  0,   0,   0, 200, 210]], dtype=uint8))
    """
    image = check.image(threshold, src)
    level, top = check.number(threshold, thresh, "thresh"), check.number(threshold, max_value, "max_value")
    mode, method = WAYS[type] if type.__class__ is str and type in WAYS else _numbered(type)
    where = place(threshold, device, image)
    rows = where.rows()[0]
    dtype = rows.dtype
    if method:
        _only_for(method, dtype, image.channels)
    dst = where.result(out, image.shape, dtype)
    plans = _kernels(where)
    if method:
        level = float(plans.threshold_value(where.unit, rows, method))
    limits = LIMITS.get(dtype.num)
    if limits is None:
        plans.threshold(where.unit, rows, dst, mode, level, top)
        return Threshold(level, where.hand_back(dst))
    low, high = limits
    applied = whole = math.floor(level)
    value = round(top)
    if value < low or value > high:
        value = low if value < low else high
    if whole >= high:
        applied = high
    elif whole < low:  # every element is above it
        mode, applied = ALL_ABOVE[mode], high
    plans.threshold(where.unit, rows, dst, mode, applied, value)
    return Threshold(float(whole), where.hand_back(dst))


# The mode that with a threshold above all elements does what another one does with a threshold below all of them;
# "trunc" gives 0 then.
ALL_ABOVE = (1, 0, 3, 4, 3)
LIMITS = {np.dtype(d).num: (int(np.iinfo(d).min), int(np.iinfo(d).max)) for d in DTYPES[:3]}


def _numbered(type: Any) -> tuple[int, str]:
    """cv2's number of a type as its mode and the way in which the threshold is chosen."""
    chosen = check.choice(threshold, type, "type")
    return WAYS[chosen] if isinstance(chosen, str) else NUMBERED[chosen]


def _only_for(method: str, dtype: Any, channels: int) -> None:
    """The images that a method chooses thresholds of."""
    if dtype.name not in TAKES[method]:
        raise DtypeError(f"threshold: src has dtype {dtype}; with {method} it takes {check.listed(TAKES[method])}.")
    if channels != 1:
        raise ArgumentError(f"threshold: src has {channels} channels; with {method} it takes one.")


@operation(
    dtypes=("uint8",),
    channels=(1,),
    choices={"method": (*METHODS, *range(len(METHODS))), "type": (*MODES[:2], 0, 1)},
    result="uint8 (H, W)",
)
def adaptive_threshold(
    src: Any,
    max_value: float,
    method: str | int,
    type: str | int,
    block_size: int,
    c: float,
    *,
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Compare every pixel with the mean around it.

    Equal to ``cv2.adaptiveThreshold(src, max_value, method, type, block_size, c)`` in every pixel, on both devices.
    Numbers beyond int32, which wrap around in cv2, count as what they are.

    Parameters
    ----------
    src
        uint8 image (H, W), any strides; never written to.
    max_value
        What pixels get that pass, rounded half to even and clamped to 0 to 255.
    method
        "mean": the mean of block_size x block_size pixels; "gaussian": their mean with Gaussian weights of standard
        deviation 0.15 block_size + 0.35; or cv2's constant. Both are rounded to whole numbers.
    type
        "binary": max_value above the mean less c, else 0; "binary_inv": the other way round; or cv2's constant.
    block_size
        Side of the surroundings, odd, from 3 to 32767. Outside the image is its nearest pixel.
    c
        What the mean is lowered by; rounded up for "binary" and down for "binary_inv".
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        uint8 array (H, W) in host memory that takes the result.

    Returns
    -------
    uint8 array (H, W); on the GPU an array of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    P. Wellner, Adaptive thresholding for the DigitalDesk, Xerox EuroPARC technical report 93-110, 1993. Up to a
    block_size of 9 the Gaussian weights are fixed ones, close to those of the formula.

    Examples
    --------
    >>> page = np.array([[90, 95, 40, 105, 110]], np.uint8)
    >>> adaptive_threshold(page, 255, "mean", "binary", 3, 10)
    array([[255, 255,   0, 255, 255]], dtype=uint8)
    """
    image = check.image(adaptive_threshold, src)
    top, offset = check.number(adaptive_threshold, max_value, "max_value"), check.number(adaptive_threshold, c, "c")
    weighted = check.choice(adaptive_threshold, method, "method") in ("gaussian", 1)
    inverse = check.choice(adaptive_threshold, type, "type") in ("binary_inv", 1)
    side = check.whole(adaptive_threshold, block_size, "block_size", least=3, most=LARGEST_BLOCK)
    if side % 2 == 0:
        raise ArgumentError(f"adaptive_threshold: block_size is {side}; it takes an odd number.")
    where = place(adaptive_threshold, device, image)
    (rows,) = where.rows()
    lowered = math.floor(offset) if inverse else math.ceil(offset)
    limit = -min(max(lowered, -256), 256)  # the differences of two uint8 lie between
    value = min(max(round(top), 0), 255)
    # Along an axis of length 1 there are no other pixels.
    kernel_x, kernel_y = (_window(side if length > 1 else 1, weighted) for length in (image.width, image.height))
    dst = where.result(out, image.shape, rows.dtype)
    _kernels(where).adaptive_threshold(where.unit, rows, dst, kernel_x, kernel_y, limit, value, inverse)
    return where.hand_back(dst)


def _window(side: int, weighted: bool) -> Any:
    """A side of the window as the plan takes it: its length, or its weights."""
    if not weighted:
        return side
    return kernels("cpu", "gaussian_weights").float32_weights(side, 0.0)
