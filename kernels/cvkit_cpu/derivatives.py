"""Image derivatives on the CPU.

What is wanted most runs in one pass over the image: first derivatives of uint8 in int16 and of float32 with 3 x 3
weights, those of uint8 with 5 x 5 weights, Laplacians of uint8 with 3 x 3 weights, and the diagonal derivatives. All
else goes through the separable and the general linear filter. The arithmetic is the same either way.
"""

from functools import cache, lru_cache

import numpy as np
from cvkit_math.borders import CONSTANT
from cvkit_math.linear import split

from cvkit_cpu.derivatives_floats import float3_band, sum_band
from cvkit_cpu.derivatives_rows import diagonal_band, laplacian_band, slopes_band
from cvkit_cpu.derivatives_rows5 import laplacian5_band, sobel5_band
from cvkit_cpu.derivatives_weights import DIAGONALS, SCHARR, normalized, weights
from cvkit_cpu.linear import filter2d, sep_filter2d

UINT8, INT16, FLOAT32 = np.dtype(np.uint8), np.dtype(np.int16), np.dtype(np.float32)


def _key(kernel):
    return kernel.shape, kernel.tobytes()


@cache
def _first_derivatives():
    """By both kernels of a first derivative: whether it goes down the columns, and the smoothing weights across it."""
    found = {}
    for size in (3, SCHARR, 5):
        slope, smooth = weights(1, size), weights(0, size)
        for x, y, down in ((slope, smooth, False), (smooth, slope, True)):
            found[_key(x), _key(y)] = down, smooth.astype(np.int16)
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


def beyond(src, border):
    """What row_at gives for rows outside the image."""
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


def _first(cpu, src, dst, cn, down, smooth, border):
    """A first derivative of uint8 in int16; smooth: three or five weights across its direction."""
    h, n = src.shape
    args = src, beyond(src, border), cn, border, down
    if smooth.size == 3:
        cpu.bands(slopes_band, *args, smooth[0], smooth[1], dst, bands=cpu.split(h, n * 0.065))
        return
    bands, line = cpu.split(h, n * 0.16), (n + 4 * cn, np.int16)
    cpu.bands(sobel5_band, *args, dst, bands=bands, scratch=(line,))


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
    cpu.bands(float3_band, src, beyond(src, border), cn, border, *how, dst, bands=cpu.split(h, n * 0.4))


def laplacian(cpu, src, dst, cn, second, smooth, scale, delta, border):
    """Plan: the sum of the second derivatives along both axes; second and smooth are float64 arrays of one odd size.

    Of size 3 they are one window, scaled in the type of the sums; the larger ones are two separable filters.
    """
    h, n = src.shape
    plain = src.dtype == UINT8 and dst.dtype == INT16 and scale == 1 and delta == 0
    if second.size == 3 and plain:
        args = src, beyond(src, border), cn, border, bool(smooth[0]), dst
        cpu.bands(laplacian_band, *args, bands=cpu.split(h, n * 0.065))
        return
    if second.size == 3:
        window = _laplacian_window(second.tobytes(), smooth.tobytes(), scale)
        filter2d(cpu, src, dst, cn, window, 1, 1, delta, border)
        return
    short = src.dtype == UINT8 and second.size == 5
    if short and plain:
        bands, lines = cpu.split(h, n * 0.25), ((2, n + 4 * cn), np.int16)
        cpu.bands(laplacian5_band, src, beyond(src, border), cn, border, dst, bands=bands, scratch=(lines,))
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
    args = src, beyond(src, border), cn, border, falling, window, dst
    cpu.bands(diagonal_band, *args, bands=cpu.split(h, n * 0.07))


def get_deriv_kernels(cpu, along, down, dx, dy, ksize, normalize):
    """Plan: a few numbers on the host, into along (n, 1) and down (m, 1)."""
    make = normalized if normalize else weights
    along[:, 0] = make(dx, ksize)
    down[:, 0] = make(dy, ksize)
