"""Distance transforms on the CPU: how far each pixel is from the nearest zero.

By chamfer masks in two passes, or by the exact Euclidean metric (P. Felzenszwalb, D. Huttenlocher, Distance transforms
of sampled functions, Theory of Computing 8(19), 2012): distances along the columns first, then the lower envelope of
their parabolas along each row.
"""

import math

import numpy as np
from cvkit_math.distance import COSTS, UINT_MAX, farthest, has_knights
from numba import float32, float64

from cvkit_cpu import typed
from cvkit_cpu.distance_chamfer import PAD, chamfer_image
from cvkit_cpu.distance_labels import labels_image
from cvkit_cpu.jit import kernel

NONE = 1 << 30  # along a column: no zero in it


@kernel
def column_stripe(src, along, x0, x1):
    """Columns [x0, x1): distance to the nearest zero of the same column, NONE or more where it has none."""
    h = src.shape[0]
    zero, one = np.int32(0), np.int32(1)
    first, row = along[0, x0:x1], src[0, x0:x1]
    for x in range(row.size):
        first[x] = typed.select(row[x] == 0, zero, np.int32(NONE))
    for y in range(1, h):
        row, above, here = src[y, x0:x1], along[y - 1, x0:x1], along[y, x0:x1]
        for x in range(row.size):
            here[x] = typed.select(row[x] == 0, zero, typed.add(above[x], one))
    for y in range(h - 2, -1, -1):
        below, here = along[y + 1, x0:x1], along[y, x0:x1]
        for x in range(here.size):
            here[x] = typed.minimum(here[x], typed.add(below[x], one))


@kernel
def envelope_row(heights, sites, starts, squares):
    """Squares of the distances in a row: the least of the parabolas that stand on the columns' own squares.

    heights are those squares plus x * x, negative where a column has no zero; sites and starts, the parabolas of the
    envelope and where each begins, have room for one more than the row. Crossings are computed in float64; where one
    falls on a pixel both parabolas are equal there, so its rounding does not show. Returns the number of parabolas.
    """
    w = heights.size
    n = 0
    for q in range(w):
        height = heights[q]
        if height < 0:
            continue
        start = 0.0
        while n > 0:
            p = sites[n - 1]
            start = (height - heights[p]) / (2.0 * (q - p))
            if start > starts[n - 1]:
                break
            n -= 1
            start = 0.0
        sites[n] = q
        starts[n] = start
        n += 1
    starts[n] = w
    x = 0
    for k in range(n):
        p = sites[k]
        rest, slope = heights[p], 2.0 * p
        end = min(int(starts[k + 1]) + 1, w)
        for i in range(x, end):
            squares[i] = rest + float64(i) * (float64(i) - slope)
        x = max(x, end)
    return n


@kernel
def euclidean_band(along, dst, most, heights, sites, starts, squares, y0, y1):
    """Rows [y0, y1) from the distances along the columns, which lie in the memory of dst as int32."""
    w = dst.shape[1]
    for y in range(y0, y1):
        column, result = along[y], dst[y]
        for x in range(w):
            d = float64(column[x])
            heights[x] = raised(d, float64(x))
        if envelope_row(heights, sites, starts, squares) == 0:
            squares[:] = most
        for x in range(w):
            result[x] = float32(math.sqrt(min(squares[x], most)))


@kernel
def raised(d, x):
    """d * d + x * x, or -1 where a column has no zero."""
    return d * d + x * x if d < NONE else -1.0


def distance_transform(cpu, src, dst, metric):
    """Plan: one of COSTS in two passes, which are one after the other in every pixel, or "precise" in parts."""
    h, w = src.shape
    if metric != "precise":
        costs = COSTS[metric]
        arguments = (src, dst, dst.view(np.uint32), costs, has_knights(costs), farthest(costs))
        cpu.bands(chamfer_image, *arguments, bands=[(0, h)], scratch=(((3, w + 2 * PAD), np.uint32), (w, np.uint32)))
        return
    along = dst.view(np.int32)
    cpu.bands(column_stripe, src, along, bands=cpu.split(w, h * 0.5))
    scratch = ((w, np.float64), (w, np.int64), (w + 1, np.float64), (w, np.float64))
    cpu.bands(euclidean_band, along, dst, float(2**32 - 1), bands=cpu.split(h, w * 7.0), scratch=scratch)


def distance_transform_labels(cpu, src, dst, labels, metric, parts):
    """Plan: two passes, one after the other. Scratch is 4 bytes for each part that the zeros may have, and 6 rows."""
    h, w = src.shape
    costs = COSTS[metric]
    block = cpu.take(4 * (((h + 1) // 2) * ((w + 1) // 2) + 1 if parts else 1))
    parents = block.view(np.int32)
    parents[0] = 0
    arguments = (src, dst, dst.view(np.uint32), labels, costs, UINT_MAX - costs[2], parts, parents)
    rows = (3, w + 2 * PAD)
    cpu.bands(labels_image, *arguments, bands=[(0, h)], scratch=((rows, np.uint32), (rows, np.int32)))
    cpu.give(block)
