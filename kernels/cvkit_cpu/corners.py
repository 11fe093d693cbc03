"""Corners on the CPU: responses of the structure tensor."""

import math

import numpy as np

from cvkit_cpu.corners_tensor import tensor_stripe
from cvkit_cpu.corners_whole import MARGIN, harris_band
from cvkit_cpu.derivatives import beyond
from cvkit_cpu.linear import sep_filter2d

DIRECT = 5  # windows up to this size are summed anew for each pixel of a row, larger ones from its start on
WIDTH = 1024  # columns whose rings stay in the nearer levels of cache

WHOLE_BOUND = 4e-6  # how far responses in whole numbers may be from OpenCV's, of the largest
ROUNDING = 2.0**-24  # of float32, as half the distance of neighbours
# By how much OpenCV's derivatives of 3 x 3, for windows of 2 x 2, can be wrong for any pixels, along the rows and down
# the columns: in ROUNDING of a gray level of Sobel's derivatives, not scaled. Down the columns it is more in the last
# columns of an image, behind those that are a multiple of 32.
ALONG, DOWN, DOWN_LAST = 1017, 2922, 3786


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


def deviation(trace, turn, k, width):
    """How far OpenCV's responses may be from those in whole numbers, not scaled; from the largest trace and the largest
    det * trace of an image's tensors.

    By OpenCV's derivatives: over all derivatives of a window, the response's gradient has the squared length
    4 * ((1 - 8k) * det * trace + 4 * k^2 * trace^3), and what its second derivatives add is small. By what is rounded
    later: the squared trace times ROUNDING, which is what many roundings come to that don't all go one way.
    """
    residue = 2 * math.hypot(ALONG, DOWN_LAST if width % 32 else DOWN) * ROUNDING  # of the four pixels of a window
    slope = 2 * math.sqrt(max(1 - 8 * k, 0) * turn + 4 * k * k * trace**3)
    second = 6 * (1 + 4 * abs(k)) * (trace + residue**2)
    return (slope + second * residue) * residue + trace * trace * ROUNDING


def in_whole_numbers(cpu, src, dst, smooth, border, k):
    """Harris's response with windows of 2 x 2 and Sobel's 3 x 3; False where it isn't near enough to OpenCV's.

    That depends on the image alone, not on its bands.
    """
    h, w = src.shape
    minus_k, scale = np.float32(-k), np.float32(float(smooth[0]) ** 4)
    scratch = ((3, 2, (w + MARGIN + 63) // 64 * 64), np.int16), (w, np.float32)
    args = src, beyond(src, border), border, minus_k, scale, dst
    found = cpu.bands(harris_band, *args, bands=cpu.split(h, w * 0.4), scratch=scratch)
    trace, turn, peak = (max(float(each[i]) for each in found) for i in range(3))
    return deviation(trace, turn, k, w) <= WHOLE_BOUND * peak / float(scale)


def corner_harris(cpu, src, dst, block, smooth, slope, border, k):
    """Plan: in whole numbers where that is near enough to OpenCV's, else as ``responses``."""
    sobel = smooth.size == 3 and smooth[1] == 2 * smooth[0]
    whole = src.dtype == np.uint8 and block == 2 and sobel and abs(k) <= 1
    if not (whole and in_whole_numbers(cpu, src, dst, smooth, border, k)):
        responses(cpu, src, dst, block, smooth, slope, border, k)


def corner_min_eigen_val(cpu, src, dst, block, smooth, slope, border):
    """Plan: as ``responses``."""
    responses(cpu, src, dst, block, smooth, slope, border, smaller=True)


def corner_eigen_vals_and_vecs(cpu, src, dst, block, smooth, slope, border):
    """Plan: as ``responses``; dst has 6 values a pixel."""
    responses(cpu, src, dst, block, smooth, slope, border, six=True)
