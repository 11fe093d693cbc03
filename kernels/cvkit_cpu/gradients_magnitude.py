"""Magnitudes of gradients on the CPU, from uint8 with the derivatives kept in two rows, and from given derivatives."""

import math

from numba import float32, int32

from cvkit_cpu import typed
from cvkit_cpu.gradients_rows import both_step, stand_ins
from cvkit_cpu.gradients_rows5 import sobel5_row
from cvkit_cpu.jit import kernel
from cvkit_cpu.linear_values import get, put


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
