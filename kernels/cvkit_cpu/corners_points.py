"""Corners as points: the best local maxima of a map that keep a distance, and their places below a pixel."""

import math

import numpy as np
from numba import float32, float64, uint8, uint64
from numba.extending import overload

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.linear_values import get, put

DET_EPSILON = 2.0**-104  # the square of float64's epsilon
LEAST_FRACTION = 1e-4


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
