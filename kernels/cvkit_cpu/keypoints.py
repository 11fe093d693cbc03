"""Keypoints on the CPU: the best local maxima of a map of responses that keep a distance, and places below a pixel."""

import math
from functools import lru_cache

import numpy as np
from numba import float32, float64, uint8, uint64
from numba.extending import overload

from cvkit_cpu import typed
from cvkit_cpu.corners import responses
from cvkit_cpu.jit import kernel
from cvkit_cpu.views import get, put

DET_EPSILON = 2.0**-104  # the square of float64's epsilon
LEAST_FRACTION = 1e-4
SMALLEST_CELL = 4
ROOM = 8  # a place for one local maximum in so many pixels; if that is too little, they are looked for again


@kernel
def larger(a, b):
    """The larger of two numbers, the second where one is NaN; min and max of Numba would not vectorise."""
    return typed.select(a > b, a, b)


@kernel
def largest_band(values, mask, masked, best, y0, y1):
    """Largest value of rows [y0, y1) where the mask, if there is one, is not 0."""
    lowest = float32(-math.inf)
    for x in range(best.size):
        best[x] = lowest
    for y in range(y0, y1):
        row = values[y]
        if masked:
            seen = mask[y]
            for x in range(best.size):
                put(best, x, larger(typed.select(get(seen, x) != 0, get(row, x), lowest), best[x]))
        else:
            for x in range(best.size):
                put(best, x, larger(get(row, x), best[x]))
    top = lowest
    for x in range(best.size):
        top = larger(best[x], top)
    return top


@kernel
def above(value, limit):
    """The value where it is above the limit, else 0."""
    return typed.select(value > limit, value, float32(0))


@kernel
def maxima_band(values, bits, mask, masked, limit, room, found, column, flags, y0, y1):
    """Keys of the local maxima of rows [y0, y1) above the limit, as many as find room; returns the number of all.

    found: room for ``room`` keys a row. A key holds the value, so that an unsigned number is larger where the value is,
    and below it the index. bits are the values as uint32; column and flags are rows of scratch with room for 8 more at
    their end.
    """
    h, w = values.shape
    place = found[y0 * room : y1 * room]
    count = 0
    for y in range(max(y0, 1), min(y1, h - 1)):
        up, here, down = values[y - 1], values[y], values[y + 1]
        for x in range(w):
            put(
                column,
                x,
                larger(larger(above(get(up, x), limit), above(get(down, x), limit)), above(get(here, x), limit)),
            )
        for x in range(1, w - 1):
            value = above(get(here, x), limit)
            top = larger(larger(get(column, x - 1), get(column, x + 1)), get(column, x))
            put(flags, x, typed.select((value == top) & (value != float32(0)), uint8(1), uint8(0)))
        flags[0] = 0
        flags[w - 1 :] = 0
        for start in range(0, w, 8):
            if typed.load_uint64(flags, start) == 0:
                continue
            for x in range(start, min(start + 8, w)):
                if flags[x] and (not masked or mask[y, x] != 0):
                    if count < place.size:
                        word = uint64(bits[y, x])
                        ordered = typed.bit_or(word, uint64(0x80000000))
                        if value_is_negative(word):
                            ordered = typed.bit_xor(word, uint64(0xFFFFFFFF))
                        place[count] = typed.bit_or(typed.shl(ordered, uint64(32)), uint64(y * w + x))
                    count += 1
    return count


@kernel
def value_is_negative(word):
    """Of the bits of a float32."""
    return typed.bit_and(word, uint64(0x80000000)) != 0


@kernel
def keep_apart(keys, w, distance, cell, across, first, following, points):
    """The points of sorted keys, the largest last, that are not nearer than ``distance`` to a better one; their number.

    A point looks for better ones in the nine cells around it, each a list: ``first`` holds the head of each cell's,
    ``following`` what comes after a point.
    """
    count = 0
    square = distance * distance
    for i in range(first.size):
        first[i] = -1
    down = first.size // across
    for i in range(keys.size - 1, -1, -1):
        if count == points.shape[0]:
            break
        index = np.intp(typed.bit_and(keys[i], uint64(0xFFFFFFFF)))
        y = index // w
        x = index - y * w
        if distance >= 1:
            gx, gy = x // cell, y // cell
            near = False
            for v in range(max(gy - 1, 0), min(gy + 2, down)):
                for u in range(max(gx - 1, 0), min(gx + 2, across)):
                    j = first[v * across + u]
                    while j >= 0 and not near:
                        dx, dy = float32(x) - points[j, 0], float32(y) - points[j, 1]
                        near = dx * dx + dy * dy < square
                        j = following[j]
            if near:
                continue
            following[count] = first[gy * across + gx]
            first[gy * across + gx] = count
        points[count, 0], points[count, 1] = x, y
        count += 1
    return count


def is_exact_inside(src):
    """Whether an image inside of which samples are taken as sums over two columns."""


@overload(is_exact_inside, inline="always")
def _is_exact_inside(src):
    small = src.dtype == uint8
    return lambda src: small


@kernel
def sample(src, x, y, patch):
    """The image around (x, y), between its pixels, into a patch; outside the image its outermost pixels go on."""
    h, w = src.shape
    rows, columns = patch.shape
    left, top = x - float32(columns - 1) * float32(0.5), y - float32(rows - 1) * float32(0.5)
    x0, y0 = math.floor(left), math.floor(top)
    a, b = left - float32(x0), top - float32(y0)
    one = float32(1)
    if is_exact_inside(src) and x0 >= 0 and y0 >= 0 and x0 + columns < w and y0 + rows < h:
        a = max(a, float32(LEAST_FRACTION))
        upper, lower, rest = a * (one - b), a * b, one - b
        ratio = (1.0 - float64(a)) / float64(a)
        for i in range(rows):
            p, q, out = src[y0 + i][x0:], src[y0 + i + 1][x0:], patch[i]
            before = (one - a) * (rest * float32(p[0]) + b * float32(q[0]))
            for j in range(columns):
                t = upper * float32(p[j + 1]) + lower * float32(q[j + 1])
                out[j] = before + t
                before = float32(float64(t) * ratio)
        return
    a11, a12, a21, a22 = (one - a) * (one - b), a * (one - b), (one - a) * b, a * b
    b1, b2 = one - b, b
    for i in range(rows):
        p, q, out = src[min(max(y0 + i, 0), h - 1)], src[min(max(y0 + i + 1, 0), h - 1)], patch[i]
        for j in range(columns):
            u = x0 + j
            if u < 0 or u >= w - 1:
                u = min(max(u, 0), w - 1)
                out[j] = float32(p[u]) * b1 + float32(q[u]) * b2
            else:
                out[j] = ((float32(p[u]) * a11 + float32(p[u + 1]) * a12) + float32(q[u]) * a21) + float32(
                    q[u + 1]
                ) * a22


@kernel
def refine(src, x, y, weights, most, eps, patch):
    """The point around which gradients point to or from, by steps from (x, y), OpenCV's way."""
    h, w = src.shape
    rows, columns = weights.shape
    start_x, start_y = x, y
    for _ in range(most):
        sample(src, x, y, patch)
        a = b = c = along = across = 0.0
        for i in range(rows):
            up, here, down, weight = patch[i], patch[i + 1], patch[i + 2], weights[i]
            py = float64(i - rows // 2)
            for j in range(columns):
                gx, gy = float64(here[j + 2] - here[j]), float64(down[j + 1] - up[j + 1])
                m = float64(weight[j])
                xx, xy, yy = gx * gx * m, gx * gy * m, gy * gy * m
                px = float64(j - columns // 2)
                a += xx
                b += xy
                c += yy
                along += xx * px + xy * py
                across += xy * px + yy * py
        det = a * c - b * b
        if abs(det) <= DET_EPSILON:
            break
        scale = 1.0 / det
        new_x = float32(float64(x) + c * scale * along - b * scale * across)
        new_y = float32(float64(y) - b * scale * along + a * scale * across)
        # Written so that a NaN ends it, too.
        if not (new_x >= 0 and new_x < w and new_y >= 0 and new_y < h):
            break
        step_x, step_y = new_x - x, new_y - y
        x, y = new_x, new_y
        if not float64(step_x * step_x + step_y * step_y) > eps * eps:
            break
    if abs(x - start_x) > columns // 2 or abs(y - start_y) > rows // 2:
        return start_x, start_y
    return x, y


@kernel
def refine_band(src, corners, dst, weights, most, eps, patch, i0, i1):
    """Corners [i0, i1), each by itself."""
    for i in range(i0, i1):
        dst[i, 0], dst[i, 1] = refine(src, corners[i, 0], corners[i, 1], weights, most, eps, patch)


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
    responses(cpu, src, values, block, smooth, slope, border, k, k is None or None)
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
