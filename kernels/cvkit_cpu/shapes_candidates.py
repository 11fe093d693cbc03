"""Which points may be corners of a convex hull, from left to right.

What lies inside of an octagon of eight extreme points is no corner. The rest is sorted by x, y and index.
"""

import math

import numpy as np
from numba import float32, float64, uint8, uint64

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.shapes_numbers import is_float, minus, ordered, plus, sort_key

BLOCK = 512  # points that are looked at together
DIRECTIONS = 8
FEWEST = 32  # points below which all are sorted at once
FARTHEST = float(1 << 29)  # int32 coordinates up to here have sums and differences in int32
SMALLEST, LARGEST = 1e-30, 1e37  # extents of float32 points between which an octagon is exact enough
DEPTH_OF_INTEGERS, DEPTH_OF_FLOATS = (
    2.0**-16,
    2.0**-10,
)  # part of the extent that a point must lie inside, to be left out
FEW = 96  # points up to which insertion sorts faster
DIGIT, DIGITS = 256, 8
NOT_FINITE = -1


@kernel
def block_extremes(flat, start, stop, best):
    """Least and greatest x, y, x + y and x - y of points [start, stop), as ``ordered`` gives them."""
    x, y = flat[2 * start], flat[2 * start + 1]
    x0 = x1 = ordered(x)
    y0 = y1 = ordered(y)
    s0 = s1 = ordered(plus(x, y))
    d0 = d1 = ordered(minus(x, y))
    points = flat[2 * start : 2 * stop]
    for i in range(stop - start):
        x, y = points[2 * i], points[2 * i + 1]
        u, v, s, d = ordered(x), ordered(y), ordered(plus(x, y)), ordered(minus(x, y))
        x0, x1 = typed.minimum(x0, u), typed.maximum(x1, u)
        y0, y1 = typed.minimum(y0, v), typed.maximum(y1, v)
        s0, s1 = typed.minimum(s0, s), typed.maximum(s1, s)
        d0, d1 = typed.minimum(d0, d), typed.maximum(d1, d)
    # Counter-clockwise where y points up, from the left on; -1 - v turns the order of int32 round without overflow.
    best[0], best[1], best[2], best[3] = x0, s0, y0, -1 - d1
    best[4], best[5], best[6], best[7] = -1 - x1, -1 - s1, -1 - y1, d0


@kernel
def extremes_band(flat, best, b0, b1):
    """block_extremes of blocks [b0, b1), one row each."""
    for b in range(b0, b1):
        block_extremes(flat, b * BLOCK, min((b + 1) * BLOCK, flat.size // 2), best[b])


@kernel
def height_towards(x, y, direction):
    """How far a point lies against a direction, as block_extremes has it."""
    if direction & 3 == 0:
        value = ordered(x)
    elif direction & 3 == 1:
        value = ordered(plus(x, y))
    elif direction & 3 == 2:
        value = ordered(y)
    else:
        value = ordered(minus(x, y))
    return -1 - value if direction in (3, 4, 5, 6) else value


@kernel
def octagon(flat, best, centre, edges):
    """Half-planes a x + b y > c, relative to ``centre``, whose points all lie well inside of eight extreme points.

    edges: 40 float32, the first 24 for a, b and c of each. Where points reach too far for it no point is inside.
    """
    corners_x, corners_y = edges[24:32], edges[32:40]
    n = flat.size // 2
    lowest_x = lowest_y = math.inf
    highest_x = highest_y = -math.inf
    for k in range(DIRECTIONS):
        block = 0
        for b in range(best.shape[0]):
            if best[b, k] < best[block, k]:
                block = b
        i = block * BLOCK
        while i < min((block + 1) * BLOCK, n) - 1 and height_towards(flat[2 * i], flat[2 * i + 1], k) != best[block, k]:
            i += 1
        x, y = float64(flat[2 * i]), float64(flat[2 * i + 1])
        lowest_x, highest_x = min(lowest_x, x), max(highest_x, x)
        lowest_y, highest_y = min(lowest_y, y), max(highest_y, y)
        if k == 0:
            centre[0], centre[1] = flat[2 * i], flat[2 * i + 1]
        corners_x[k], corners_y[k] = minus(flat[2 * i], centre[0]), minus(flat[2 * i + 1], centre[1])
    extent = max(highest_x - lowest_x, highest_y - lowest_y)
    if is_float(flat[0]):
        depth = extent * DEPTH_OF_FLOATS
        usable = extent > SMALLEST and extent < LARGEST
    else:
        depth = extent * DEPTH_OF_INTEGERS
        usable = extent > 0 and min(lowest_x, lowest_y) > -FARTHEST and max(highest_x, highest_y) < FARTHEST
    for k in range(DIRECTIONS):
        x, y = float64(corners_x[k]), float64(corners_y[k])
        dx, dy = float64(corners_x[(k + 1) & 7]) - x, float64(corners_y[(k + 1) & 7]) - y
        length = math.sqrt(dx * dx + dy * dy)
        a, b, c = 0.0, 0.0, -1.0
        if not usable:
            c = math.inf
        elif length > 0:
            a, b = -dy / length, dx / length
            c = a * x + b * y + depth
        edges[3 * k], edges[3 * k + 1], edges[3 * k + 2] = a, b, c


@kernel
def survivors_band(flat, centre, edges, found, x, y, depth, flags, i0, i1):
    """Points [i0, i1) that are not inside of the octagon go to found[i0:], in order; their number.

    Rows of scratch hold BLOCK values, flags 8 more. A point with a NaN is never inside.
    """
    count = i0
    centre_x, centre_y = centre[0], centre[1]
    for start in range(i0, i1, BLOCK):
        n = min(BLOCK, i1 - start)
        points = flat[2 * start : 2 * (start + n)]
        for j in range(n):
            x[j] = float32(minus(points[2 * j], centre_x))
            y[j] = float32(minus(points[2 * j + 1], centre_y))
            depth[j] = math.inf
        for k in range(DIRECTIONS):
            a, b, c = edges[3 * k], edges[3 * k + 1], edges[3 * k + 2]
            for j in range(n):
                inside = a * x[j] + b * y[j] - c
                depth[j] = typed.select(depth[j] < inside, depth[j], inside)
        for j in range(n):
            flags[j] = typed.select(depth[j] > float32(0), uint8(0), uint8(1))
        flags[n : n + 8] = 0
        for j in range(0, n, 8):
            if typed.load_uint64(flags, j) == 0:
                continue
            for i in range(j, min(j + 8, n)):
                if flags[i]:
                    found[count] = start + i
                    count += 1
    return count - i0


@kernel
def sort_points(points, order, spare, keys, spare_keys, counts):
    """Put the indices in ``order`` into the order of (x, y, place in order); False, and no order, where a point is not
    finite. counts: DIGIT * DIGITS of scratch.

    Few by insertion; many digit by digit from the lowest, leaving out digits that are the same in all.
    """
    n = order.size
    finite = True
    for i in range(n):
        p = order[i]
        x, y = points[p, 0], points[p, 1]
        finite &= (minus(x, x) == 0) & (minus(y, y) == 0)
        keys[i] = sort_key(ordered(x), ordered(y))
    if not finite:
        return False
    if n <= FEW:
        for i in range(1, n):
            key, p = keys[i], order[i]
            j = i
            while j > 0 and keys[j - 1] > key:
                keys[j], order[j] = keys[j - 1], order[j - 1]
                j -= 1
            keys[j], order[j] = key, p
        return True
    for i in range(DIGIT * DIGITS):
        counts[i] = 0
    for i in range(n):
        key = keys[i]
        for d in range(DIGITS):
            digit = typed.bit_and(typed.shr(key, uint64(8 * d)), uint64(DIGIT - 1))
            counts[d * DIGIT + np.intp(digit)] += 1
    in_spare = False
    for d in range(DIGITS):
        shift = uint64(8 * d)
        places = counts[d * DIGIT : (d + 1) * DIGIT]
        if places[np.intp(typed.bit_and(typed.shr(keys[0], shift), uint64(DIGIT - 1)))] == n:
            continue
        total = 0
        for i in range(DIGIT):
            here = places[i]
            places[i] = total
            total += here
        if in_spare:
            sort_by_digit(spare, spare_keys, order, keys, places, shift)
        else:
            sort_by_digit(order, keys, spare, spare_keys, places, shift)
        in_spare = not in_spare
    if in_spare:
        for i in range(n):
            order[i] = spare[i]
    return True


@kernel
def sort_by_digit(order, keys, to, to_keys, places, shift):
    """Move each point to the next place of its digit."""
    for i in range(order.size):
        digit = np.intp(typed.bit_and(typed.shr(keys[i], shift), uint64(DIGIT - 1)))
        j = places[digit]
        places[digit] = j + 1
        to[j], to_keys[j] = order[i], keys[i]


@kernel
def order_of_few(points, flat, centre, edges, best, rows, flags, words, order, spare, counts):
    """Indices of points that may be corners at the start of ``order``, sorted by x, y and index; their number, or
    NOT_FINITE.

    words: 2 n sort keys; the rest is scratch for ``sort_points`` and for the filter of BLOCK points.
    """
    n = points.shape[0]
    m = n
    if n < FEWEST:
        for i in range(n):
            order[i] = i
    else:
        zero = np.int64(0)  # as a literal it would be a type of its own, and the kernels be compiled twice
        extremes_band(flat, best, zero, best.shape[0])
        octagon(flat, best, centre, edges)
        m = survivors_band(flat, centre, edges, order, rows[0], rows[1], rows[2], flags, zero, n)
    return m if sort_points(points, order[:m], spare[:m], words[:n], words[n:], counts) else NOT_FINITE
