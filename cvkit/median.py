"""The median filter."""

from typing import Any

import numpy as np

from cvkit import check
from cvkit.errors import ArgumentError
from cvkit.operation import operation
from cvkit.run.placement import OnCpu, OnCuda, kernels, place

LARGEST = {"uint8": 255, "uint16": 9, "int16": 9, "float32": 9}
"""Largest window of each dtype; OpenCV stops at 5 for all but uint8."""


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/median.py or kernels/cvkit_cuda/median.py"""
    return kernels(where.name, "median")


def _window(ksize: Any, dtype: str) -> int:
    """The side of the window, odd and no larger than the dtype allows."""
    largest = LARGEST[dtype]
    side = check.whole(median_blur, ksize, "ksize")
    if not 1 <= side <= largest or side % 2 == 0:
        raise ArgumentError(
            f"median_blur: ksize is {side}; for {dtype} it takes an odd whole number from 1 to {largest}."
        )
    return side


@operation(
    dtypes=("uint8", "uint16", "int16", "float32"),
    channels=(1, 2, 3, 4),
    result="as src",
)
def median_blur(src: Any, ksize: int, *, device: str = "auto", out: Any = None) -> Any:
    """Median filter: each value becomes the median of the square window around it, channel by channel.

    Equal to ``cv2.medianBlur(src, ksize)`` in every value, on both devices, wherever cv2 takes the arguments: 3 and 5,
    and for uint8 of 1, 3 or 4 channels up to 255. Beyond that it is the same median, equal to
    ``scipy.ndimage.median_filter(src, (ksize, ksize, 1), mode="nearest")``: uint8 of 2 channels up to 255, the other
    dtypes at 7 and 9.

    Parameters
    ----------
    src
        uint8, uint16, int16 or float32 image, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to.
        The place of a NaN in the order is not defined: a window that holds one gives any of its values.
    ksize
        Side of the window, odd: 1 to 255 for uint8, 1 to 9 for the others. 1 copies the image. Outside the image the
        border is replicated, so the window may be larger than the image.
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        Array of the shape and dtype of the result, in host memory, that takes it.

    Returns
    -------
    Array of the shape and dtype of ``src``; on the GPU an array of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    Small windows by networks of minima and maxima that share sorted columns (D. Adams, Fast median filters using
    separable sorting networks, ACM Transactions on Graphics 40(4), 2021), large ones of uint8 by histograms of columns
    (S. Perreault, P. Hebert, Median filtering in constant time, IEEE Transactions on Image Processing 16(9), 2007).

    Examples
    --------
    >>> spot = np.zeros((5, 5), np.uint8)
    >>> spot[2, 2] = 255
    >>> int(median_blur(spot, 3).max())
    0
    """
    image = check.image(median_blur, src)
    where = place(median_blur, device, image)
    (rows,) = where.rows()
    side = _window(ksize, np.dtype(rows.dtype).name)
    dst = where.result(out, image.shape, rows.dtype)
    flat = dst.reshape(image.height, image.width * image.channels)
    _kernels(where).median_blur(where.unit, rows, flat, image.channels, side)
    return where.hand_back(dst)
