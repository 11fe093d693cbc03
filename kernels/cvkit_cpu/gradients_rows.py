"""Gradients of images on the CPU: both first derivatives of uint8 in one loop over a row, and magnitudes.

What a row gives for those above and below it is kept in a ring of rows. The pixel at either end, whose neighbours come
from the border, is summed by itself.
"""

import math

from numba import float32, int16, int32

from cvkit_cpu import typed
from cvkit_cpu.derivatives_ends import left_of, pixel, right_of, stand_ins
from cvkit_cpu.derivatives_rows5 import sobel5_row
from cvkit_cpu.jit import kernel
from cvkit_cpu.rows import row_at
from cvkit_cpu.views import get, put


@kernel
def both_row(row, cn, left, right, outer, middle, above, here, below, dx, dy):
    """Both derivatives of a row from its neighbours'. Each line of the ring: the differences along a row, and behind
    them its weighted sums.
    """
    n = dx.size
    inner = max(n - 2 * cn, 0)
    centre, after = row[cn:], row[2 * cn :]
    u, v, t = above[cn:], here[cn:], above[n + cn :]
    slope, smooth = below[cn : cn + inner], below[n + cn : n + cn + inner]
    across, down = dx[cn : cn + inner], dy[cn : cn + inner]
    for x in range(inner):
        p, q = int16(get(row, x)), int16(get(after, x))
        d = typed.sub(q, p)
        s = typed.add(typed.mul(outer, typed.add(q, p)), typed.mul(middle, int16(get(centre, x))))
        put(slope, x, d)
        put(smooth, x, s)
        put(across, x, typed.add(typed.mul(outer, typed.add(get(u, x), d)), typed.mul(middle, get(v, x))))
        put(down, x, typed.sub(s, get(t, x)))
    for i in range(2 * cn):
        e = i if i < cn else n - 2 * cn + i
        p, q = pixel(row, left_of(e, cn, left)), pixel(row, right_of(e, n, cn, right))
        d = typed.sub(q, p)
        s = typed.add(typed.mul(outer, typed.add(q, p)), typed.mul(middle, int16(row[e])))
        below[e] = d
        below[n + e] = s
        dx[e] = typed.add(typed.mul(outer, typed.add(above[e], d)), typed.mul(middle, here[e]))
        dy[e] = typed.sub(s, above[n + e])


@kernel
def both_step(src, outside, cn, border, left, right, outer, middle, p, ring, dx, dy):
    """Row p into the ring, and both derivatives of row p - 1 from it."""
    row, above, here, below = row_at(src, outside, p, border), ring[(p + 1) % 3], ring[(p + 2) % 3], ring[(p + 3) % 3]
    both_row(row, cn, left, right, outer, middle, above, here, below, dx, dy)


@kernel
def both_band(src, outside, cn, border, outer, middle, dx, dy, ring, y0, y1):
    """Rows [y0, y1) of both derivatives with 3 x 3 weights. ring: three lines as in both_row, and one for nothing."""
    n = src.shape[1]
    left, right = stand_ins(n, cn, border)
    for p in range(y0 - 1, y1 + 1):
        kept = p > y0
        across, down = dx[p - 1] if kept else ring[3][:n], dy[p - 1] if kept else ring[3][n:]
        both_step(src, outside, cn, border, left, right, outer, middle, p, ring, across, down)


@kernel
def magnitude3_band(src, outside, cn, border, outer, middle, l1, dst, ring, lines, y0, y1):
    """Rows [y0, y1) of the magnitude of derivatives with 3 x 3 weights, float32 from uint8.

    ring: as in both_band; lines: int16, a row of each derivative.
    """
    left, right = stand_ins(src.shape[1], cn, border)
    for p in range(y0 - 1, y1 + 1):
        both_step(src, outside, cn, border, left, right, outer, middle, p, ring, lines[0], lines[1])
        if p > y0:
            magnitude_row(lines[0], lines[1], l1, dst[p - 1])


@kernel
def magnitude5_band(src, outside, cn, border, l1, dst, line, lines, y0, y1):
    """As magnitude3_band, with 5 x 5 weights; line: column sums with two pixels more at either end."""
    for y in range(y0, y1):
        for down in range(2):
            sobel5_row(src, outside, cn, border, down == 1, y, line, lines[down])
        magnitude_row(lines[0], lines[1], l1, dst[y])


@kernel
def magnitude_row(dx, dy, l1, out):
    """The norm that was asked for."""
    if l1:
        l1_row(dx, dy, out)
    else:
        l2_row(dx, dy, out)


@kernel
def l1_row(dx, dy, out):
    """|dx| + |dy|, at most 24480."""
    for x in range(out.size):
        put(out, x, float32(typed.add(typed.absolute(get(dx, x)), typed.absolute(get(dy, x)))))


@kernel
def l2_row(dx, dy, out):
    """The root of dx * dx + dy * dy in float32, the first product not rounded."""
    for x in range(out.size):
        a, b = float32(int32(get(dx, x))), float32(int32(get(dy, x)))
        put(out, x, math.sqrt(typed.fma(a, a, b * b)))


@kernel
def magnitude_band(dx, dy, l1, dst, y0, y1):
    """Rows [y0, y1) of the magnitude of float32 derivatives; dst may be one of them."""
    for y in range(y0, y1):
        across, down, out = dx[y], dy[y], dst[y]
        if l1:
            for x in range(out.size):
                out[x] = abs(across[x]) + abs(down[x])
        else:
            for x in range(out.size):
                a, b = across[x], down[x]
                out[x] = math.sqrt(typed.fma(a, a, b * b))
