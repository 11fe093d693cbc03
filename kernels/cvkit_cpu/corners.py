"""Corners on the CPU: responses of the structure tensor, the best of their local maxima, and places below a pixel."""

import math
from functools import lru_cache

import numpy as np
from cvkit_math.linear import separable, split

from cvkit_cpu.corners_points import keep_apart, largest_band, maxima_band, refine_band
from cvkit_cpu.corners_tensor import tensor_stripe

ONE = 1.0
DIRECT = 5  # windows up to this size are summed anew for each pixel of a row, larger ones from its start on
SMALLEST_CELL = 4
WIDTH = 1024  # columns whose rings stay in the nearer levels of cache
ROOM = 8  # a place for one local maximum in so many pixels; if that is too little, they are looked for again


def _taps(dtype, width, smooth, slope):
    """Both derivatives as ``row_of_products`` takes them, and how many rows and columns they reach."""
    if smooth.size == 3:
        return (smooth[0], smooth[1]), 1
    reach = max(smooth.size, slope.size) // 2
    cases = [
        separable(dtype, np.dtype(np.float32), x, y, x.size // 2, y.size // 2, 0.0)
        for x, y in ((slope, smooth), (smooth, slope))
    ]
    last = width - 1 if width % 2 else -1
    return (
        tuple(c.row for c in cases),
        tuple(c.column for c in cases),
        tuple((split(width, c.row_step), c.row_plain, c.row_sign, c.row_special, last) for c in cases),
        tuple(split(width, c.column_step) for c in cases),
        tuple(c.special != 0 for c in cases),
        reach,
    ), reach


def _responses(cpu, src, dst, block, smooth, slope, border, k):
    h, w = src.shape
    taps, reach = _taps(src.dtype, w, smooth, slope)
    stripes = [(0, w)]
    if block <= DIRECT:
        stripes = cpu.split(w, h * (2.0 + 0.1 * reach))
        if w // len(stripes) < 2 * block:  # a stripe at the border holds the columns that the border takes
            stripes = [(0, w)]
    n = min(max(x1 - x0 for x0, x1 in stripes), WIDTH) if block <= DIRECT else w
    # A row more than a multiple of 4096 bytes: so rows of the rings don't compete for the same lines of the cache.
    stride = (n + block - 1 + 63) // 64 * 64 + 80
    scratch = (
        (n + block - 1 + 2 * reach, np.float32),
        ((2, 2 * reach + 2, stride), np.float32),
        ((min(block, h) + 2, 3, stride), np.float32),
        ((2, 3, stride), np.float64),
        ((2, 3, stride), np.float64),
        ((3, stride), np.float32),
    )
    cpu.bands(tensor_stripe, src, dst, block, border, taps, k, ONE, n, bands=stripes, scratch=scratch)


def corner_harris(cpu, src, dst, block, smooth, slope, border, k):
    """Plan: stripes of columns, each from the top of the image to its end."""
    _responses(cpu, src, dst, block, smooth, slope, border, k)


def corner_min_eigen_val(cpu, src, dst, block, smooth, slope, border):
    """Plan: as corner_harris."""
    _responses(cpu, src, dst, block, smooth, slope, border, None)


def corner_eigen_vals_and_vecs(cpu, src, dst, block, smooth, slope, border):
    """Plan: as corner_harris; dst has 6 values a pixel."""
    _responses(cpu, src, dst, block, smooth, slope, border, True)


def good_features_to_track(cpu, src, mask, block, smooth, slope, border, k, most, quality, distance):
    """Plan: the map of responses, its largest value, keys of its local maxima, sorted, and those that keep a distance.

    mask is None where all pixels count; k is None for the smaller eigenvalue; most is 0 for as many as there are.
    Returns float32 (N, 2).
    """
    h, w = src.shape
    if min(h, w) < 3:
        return np.empty((0, 2), np.float32)
    block_of_map = cpu.take(4 * h * w)
    values = block_of_map.view(np.float32).reshape(h, w)
    _responses(cpu, src, values, block, smooth, slope, border, k)
    masked, seen = mask is not None, src.view(np.uint8)[:1] if mask is None else mask
    bands = cpu.split(h, w * 0.2)
    top = max(cpu.bands(largest_band, values, seen, masked, bands=bands, scratch=((w, np.float32),)))
    keys = np.empty(0, np.uint64)
    if math.isfinite(top):
        keys = _maxima(cpu, values, seen, masked, np.float32(float(top) * quality))
    cpu.give(block_of_map)
    keys.sort()
    count = min(most, keys.size) if most else keys.size
    points = np.empty((count, 2), np.float32)
    cell = max(min(math.ceil(distance), max(h, w)), SMALLEST_CELL)
    across, down = -(-w // cell), -(-h // cell)
    found = keep_apart(
        keys, w, distance, cell, across, np.empty(across * down, np.int32), np.empty(count, np.int32), points
    )
    return points[:found].copy()


def _maxima(cpu, values, mask, masked, limit):
    """Keys of the local maxima, in any order."""
    h, w = values.shape
    bands = cpu.split(h, w * 0.4)
    scratch = ((w + 8, np.float32), (w + 8, np.uint8))
    room = w // ROOM + 1
    while True:
        found = np.empty(h * room, np.uint64)
        bits = values.view(np.uint32)
        counts = cpu.bands(maxima_band, values, bits, mask, masked, limit, room, found, bands=bands, scratch=scratch)
        if all(count <= (y1 - y0) * room for count, (y0, y1) in zip(counts, bands, strict=True)):
            parts = [found[y0 * room :][:count] for count, (y0, _) in zip(counts, bands, strict=True)]
            return np.concatenate(parts)
        room = w


@lru_cache(maxsize=16)
def _window(width, height, zero_width, zero_height):
    """Weights of the pixels around a corner: a Gaussian of their distance, 0 in the middle zone if there is one."""

    def bell(n):
        places = (np.arange(-n, n + 1) / n).astype(np.float32)
        return np.array([math.exp(-v) for v in (places * places).tolist()], np.float32)

    weights = bell(height)[:, None] * bell(width)
    if 0 <= zero_width < width and 0 <= zero_height < height:
        weights[height - zero_height : height + zero_height + 1, width - zero_width : width + zero_width + 1] = 0
    return weights


def corner_sub_pix(cpu, src, corners, dst, win_size, zero_zone, most, eps):
    """Plan: bands of corners."""
    weights = _window(*win_size, *zero_zone)
    rows, columns = weights.shape
    corner_ns = 10 * 5.0 * rows * columns  # a few steps of some ten
    bands = cpu.split(corners.shape[0], corner_ns)
    patch = ((rows + 2, columns + 2), np.float32)
    cpu.bands(refine_band, src, corners, dst, weights, most, eps, bands=bands, scratch=(patch,))
