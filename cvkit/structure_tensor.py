"""What operations on structure tensors have in common: their windows and the kernels of their derivatives."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.check import Image

Array = NDArray[Any]

SIZES = (-1, 1, *range(3, 32, 2))
LARGEST_BLOCK = 2**15


@lru_cache(maxsize=64)
def derivative_kernels(ksize: int, block: int, byte: bool) -> tuple[Array, Array]:
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


def window_side(operation: Any, value: Any) -> int:
    """block_size of an operation."""
    return check.whole(operation, value, "block_size", least=1, most=LARGEST_BLOCK)


def is_byte(image: Image) -> bool:
    """Whether an image on either device is of uint8."""
    if not image.on_gpu:
        return bool(image.rows.dtype == np.uint8)
    interface = getattr(image.rows, "__cuda_array_interface__", None)
    return np.dtype(interface["typestr"] if interface else str(image.rows.dtype).rpartition(".")[2]) == np.uint8
