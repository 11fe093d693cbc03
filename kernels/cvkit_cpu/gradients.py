"""Image derivatives on the CPU.

What is wanted most runs in one pass over the image: first derivatives of uint8 in int16 and of float32 with 3 x 3
weights, those of uint8 with 5 x 5 weights, Laplacians of uint8 with 3 x 3 weights, and the diagonal derivatives. All
else goes through the separable and the general linear filter. The arithmetic is the same either way.
"""

from functools import cache, lru_cache

import numpy as np
from cvkit_math.borders import CONSTANT
from cvkit_math.linear import split

from cvkit_cpu.gradients_floats import float3_band, sum_band
from cvkit_cpu.gradients_magnitude import magnitude3_band, magnitude5_band, magnitude_band
from cvkit_cpu.gradients_rows import ACROSS, CORNERS, CROSS, DOWN, both_band, diagonal_band, four_band
from cvkit_cpu.gradients_rows5 import laplacian5_band, sobel5_band
from cvkit_cpu.gradients_weights import DIAGONALS, SCHARR, normalized, weights
from cvkit_cpu.linear import filter2d, sep_filter2d

UINT8, INT16, FLOAT32 = np.dtype(np.uint8), np.dtype(np.int16), np.dtype(np.float32)
ONE, TWO = np.int16(1), np.int16(2)


def _key(kernel):
    return kernel.shape, kernel.tobytes()


@cache
def _first_derivatives():
    """By both kernels: the form of a first derivative of uint8, and the smoothing weights across it."""
    found = {}
    for size in (3, SCHARR, 5):
        slope, smooth = weights(1, size), weights(0, size)
        for x, y, form in ((slope, smooth, ACROSS), (smooth, slope, DOWN)):
            found[_key(x), _key(y)] = form, smooth.astype(np.int16)
    return found


@cache
def _diagonals():
    """By kernel: whether the diagonal falls to the right, and the weights in int16."""
    found = {}
    for angle, rows in DIAGONALS.items():
        window = np.array(rows, np.int16)
        window.flags.writeable = False
        found[_key(window.astype(np.float64))] = angle == 45, window
    return found


@lru_cache(maxsize=32)
def _laplacian_window(second, smooth, scale):
    """The 3 x 3 weights of a scaled Laplacian, whose factors are given as bytes."""
    second, smooth = np.frombuffer(second), np.frombuffer(smooth)
    return scale * (np.outer(smooth, second) + np.outer(second, smooth))


@cache
def _outside(n, dtype):
    """A row of zeros for what lies above and below the image, read-only as its rows are."""
    row = np.zeros(n, dtype)
    row.flags.writeable = False
    return row


def _beyond(src, border):
    return _outside(src.shape[1] if border == CONSTANT else 0, src.dtype)


def sobel(cpu, src, dst, cn, kernel_x, kernel_y, delta, border):
    """Plan: kernels are one-dimensional float64 arrays whose numbers are those of the type of the sums."""
    found = None
    if src.dtype == UINT8 and dst.dtype == INT16 and delta == 0:
        found = _first_derivatives().get((_key(kernel_x), _key(kernel_y)))
    if found is not None:
        _first(cpu, src, dst, cn, *found, border)
    elif src.dtype == dst.dtype == FLOAT32 and _is_first(kernel_x, kernel_y):
        _float3(cpu, src, dst, cn, kernel_x, kernel_y, delta, border)
    else:
        middle = kernel_x.size // 2, kernel_y.size // 2
        sep_filter2d(cpu, src, dst, cn, kernel_x, kernel_y, *middle, delta, border)


def _first(cpu, src, dst, cn, form, smooth, border):
    """A first derivative of uint8 in int16; smooth: three or five weights across its direction."""
    if smooth.size == 3:
        _four(cpu, src, dst, cn, form, smooth[0], smooth[1], border)
        return
    h, n = src.shape
    bands, line = cpu.split(h, n * 0.16), (n + 4 * cn, np.int16)
    args = src, _beyond(src, border), cn, border, form == DOWN, dst
    cpu.bands(sobel5_band, *args, bands=bands, scratch=(line,))


def _four(cpu, src, dst, cn, form, outer, middle, border):
    """A form with 3 x 3 weights of uint8 in int16."""
    h, n = src.shape
    args = src, _beyond(src, border), cn, border, form, outer, middle, dst
    cpu.bands(four_band, *args, bands=cpu.split(h, n * 0.06), scratch=(((3, n), np.int16),))


def scharr(cpu, src, dst, cn, kernel_x, kernel_y, delta, border):
    """Plan: as sobel, whose kernels say what they are."""
    sobel(cpu, src, dst, cn, kernel_x, kernel_y, delta, border)


SLOPE = np.array([-1.0, 0.0, 1.0]).tobytes()


def _is_first(kernel_x, kernel_y):
    """Whether one kernel is [-1 0 1] and the other one has three weights, the outer ones alike."""
    if kernel_x.size != 3 or kernel_y.size != 3:
        return False
    return any(
        slope.tobytes() == SLOPE and smooth[0] == smooth[2]
        for slope, smooth in ((kernel_x, kernel_y), (kernel_y, kernel_x))
    )


def _float3(cpu, src, dst, cn, kernel_x, kernel_y, delta, border):
    h, n = src.shape
    down = kernel_y.tobytes() == SLOPE
    smooth = kernel_x if down else kernel_y
    numbers = np.float32(smooth[1]), np.float32(smooth[2]), np.float32(delta)
    how = down, smooth.tolist() == [1, 2, 1], *numbers, split(n, 8)
    cpu.bands(float3_band, src, _beyond(src, border), cn, border, *how, dst, bands=cpu.split(h, n * 0.4))


def laplacian(cpu, src, dst, cn, second, smooth, scale, delta, border):
    """Plan: the sum of the second derivatives along both axes; second and smooth are float64 arrays of one odd size.

    Of size 3 they are one window, scaled in the type of the sums; the larger ones are two separable filters.
    """
    plain = src.dtype == UINT8 and dst.dtype == INT16 and scale == 1 and delta == 0
    if second.size == 3 and plain:
        form = CORNERS if smooth[0] else CROSS
        _four(cpu, src, dst, cn, form, ONE, TWO, border)
        return
    if second.size == 3:
        window = _laplacian_window(second.tobytes(), smooth.tobytes(), scale)
        filter2d(cpu, src, dst, cn, window, 1, 1, delta, border)
        return
    h, n = src.shape
    short = src.dtype == UINT8 and second.size == 5
    if short and plain:
        bands, lines = cpu.split(h, n * 0.25), ((2, n + 4 * cn), np.int16)
        cpu.bands(laplacian5_band, src, _beyond(src, border), cn, border, dst, bands=bands, scratch=(lines,))
        return
    kind = INT16 if short else np.dtype(np.float64) if src.dtype == np.float64 else FLOAT32
    blocks = [cpu.take(h * n * kind.itemsize) for _ in range(2)]
    both = [block.view(kind).reshape(h, n) for block in blocks]
    half = second.size // 2
    sep_filter2d(cpu, src, both[0], cn, second, smooth, half, half, 0.0, border)
    sep_filter2d(cpu, src, both[1], cn, smooth, second, half, half, 0.0, border)
    number = _number(kind, dst.dtype, scale == 1 and delta == 0)
    bands = cpu.split(h, n * 0.3)
    cpu.bands(sum_band, *both, number(scale), number(delta), dst, bands=bands)
    for block in blocks:
        cpu.give(block)


def _number(kind, result, plain):
    """The type in which sums are scaled: as OpenCV, not that of float64 sums that become integers, unless plain."""
    if np.float64 not in (kind, result):
        return np.float32
    return np.float64 if plain or result.kind == "f" else np.float32


def sobel_diagonal(cpu, src, dst, cn, kernel, delta, border):
    """Plan: kernel is a 3 x 3 float64 array whose numbers are those of the type of the sums."""
    falling = window = None
    if src.dtype == UINT8 and dst.dtype == INT16 and delta == 0:
        falling, window = _diagonals().get(_key(kernel), (None, None))
    if window is None:
        filter2d(cpu, src, dst, cn, kernel, 1, 1, delta, border)
        return
    h, n = src.shape
    args = src, _beyond(src, border), cn, border, falling, window, dst
    cpu.bands(diagonal_band, *args, bands=cpu.split(h, n * 0.07))


def spatial_gradient(cpu, src, dx, dy, cn, border):
    """Plan: both first derivatives of uint8 with 3 x 3 weights in one pass, int16."""
    h, n = src.shape
    bands, ring = cpu.split(h, n * 0.1), ((4, 2 * n), np.int16)
    args = src, _beyond(src, border), cn, border, ONE, TWO, dx, dy
    cpu.bands(both_band, *args, bands=bands, scratch=(ring,))


def gradient_magnitude(cpu, src, dst, cn, slope, smooth, l1, border):
    """Plan: float32 magnitude of both first derivatives; slope and smooth are float64 arrays of whole numbers."""
    h, n = src.shape
    lines = (2, n), np.int16
    if src.dtype == UINT8 and slope.size == smooth.size == 3:
        args = src, _beyond(src, border), cn, border, np.int16(smooth[0]), np.int16(smooth[1]), l1, dst
        bands, ring = cpu.split(h, n * 0.16), ((4, 2 * n), np.int16)
        cpu.bands(magnitude3_band, *args, bands=bands, scratch=(ring, lines))
        return
    if src.dtype == UINT8 and slope.size == 5:
        bands, line = cpu.split(h, n * 0.4), (n + 4 * cn, np.int16)
        args = src, _beyond(src, border), cn, border, l1, dst
        cpu.bands(magnitude5_band, *args, bands=bands, scratch=(line, lines))
        return
    block = cpu.take(h * n * 4)
    down = block.view(np.float32).reshape(h, n)
    sobel(cpu, src, dst, cn, slope, smooth, 0.0, border)
    sobel(cpu, src, down, cn, smooth, slope, 0.0, border)
    cpu.bands(magnitude_band, dst, down, l1, dst, bands=cpu.split(h, n * 0.3))
    cpu.give(block)


def get_deriv_kernels(cpu, along, down, dx, dy, ksize, normalize):
    """Plan: a few numbers on the host, into along (n, 1) and down (m, 1)."""
    make = normalized if normalize else weights
    along[:, 0] = make(dx, ksize)
    down[:, 0] = make(dy, ksize)
