"""Corners on the CPU: responses of the structure tensor."""

import numpy as np

from cvkit_cpu.corners_tensor import tensor_stripe
from cvkit_cpu.linear import sep_filter2d

DIRECT = 5  # windows up to this size are summed anew for each pixel of a row, larger ones from its start on
WIDTH = 1024  # columns whose rings stay in the nearer levels of cache


def _weights(src, smooth):
    """The weights side and centre for uint8 or None, and for float32 or None."""
    weights = smooth[0], smooth[1]
    return (weights, None) if src.dtype == np.uint8 else (None, weights)


def responses(cpu, src, dst, block, smooth, slope, border, k=None, smaller=None, six=None):
    """A function of the structure tensor, bit for bit as OpenCV makes it. Stripes of columns, each from the top of the
    image to its end.

    One of three is not None: k, the constant of Harris's response; smaller, True for the smaller eigenvalue; six, True
    for both eigenvalues and their vectors.
    """
    h, w = src.shape
    blocks, byte, single, down = [], None, None, None
    if smooth.size != 3:
        blocks = [cpu.take(4 * h * w) for _ in range(2)]
        across, down = (part.view(np.float32).reshape(h, w) for part in blocks)
        for derivative, x, y in ((across, slope, smooth), (down, smooth, slope)):
            sep_filter2d(cpu, src, derivative, 1, x, y, x.size // 2, y.size // 2, 0.0, border)
        src = across
    else:
        byte, single = _weights(src, smooth)
    stripes = [(0, w)]
    if block <= DIRECT:
        stripes = cpu.split(w, h * 2.0)
        if w // len(stripes) < 2 * block:  # a stripe at the border holds the columns that the border takes
            stripes = [(0, w)]
    n = min(max(x1 - x0 for x0, x1 in stripes), WIDTH) if block <= DIRECT else w
    # A row more than a multiple of 4096 bytes: so rows of the rings don't compete for the same lines of the cache.
    stride = (n + block - 1 + 63) // 64 * 64 + 80
    scratch = (
        (n + block + 1, np.float32),
        ((2, 3, stride), np.float32),
        ((min(block, h) + 2, 3, stride), np.float32),
        ((2, 3, stride), np.float64),
        ((2, 3, stride), np.float64),
        ((3, stride), np.float32),
    )
    one = 1.0 if down is None and six is None else None
    args = src, byte, single, down, dst, block, border, k, smaller, six, one, n
    cpu.bands(tensor_stripe, *args, bands=stripes, scratch=scratch)
    for part in blocks:
        cpu.give(part)


def corner_harris(cpu, src, dst, block, smooth, slope, border, k):
    """Plan: as ``responses``."""
    responses(cpu, src, dst, block, smooth, slope, border, k)


def corner_min_eigen_val(cpu, src, dst, block, smooth, slope, border):
    """Plan: as ``responses``."""
    responses(cpu, src, dst, block, smooth, slope, border, smaller=True)


def corner_eigen_vals_and_vecs(cpu, src, dst, block, smooth, slope, border):
    """Plan: as ``responses``; dst has 6 values a pixel."""
    responses(cpu, src, dst, block, smooth, slope, border, six=True)
