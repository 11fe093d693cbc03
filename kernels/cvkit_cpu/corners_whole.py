"""Harris's response of uint8 in whole numbers: derivatives in int16, sums of their products in int32.

Sobel's derivatives of 3 x 3 are at most 1020, so the sums over windows of 2 x 2 are below 2**24 and exact in float32
too. Only the response itself rounds, some 2**-24 of the squared trace. OpenCV, which scales pixels first, rounds each
derivative in float32 on the way. That counts where responses are small beside the cube of the derivatives: on nearly
flat images, and where edges are all there is. So the bands also find the largest trace, det * trace and response, from
which the caller estimates it.
"""

import numpy as np
from cvkit_math.borders import CONSTANT, source_index
from numba import float32, int16, int32

from cvkit_cpu import typed
from cvkit_cpu.derivatives_ends import left_of, pixel, right_of, stand_ins
from cvkit_cpu.jit import kernel
from cvkit_cpu.rows import row_at, row_index
from cvkit_cpu.views import get, put

MARGIN = 32  # values before each line, of which the last is the column to the left of the image


@kernel
def sobel_row(above, here, below, dx, dy):
    """Both derivatives of the pixels of a row that have neighbours on either side; rows start at the first one's
    left neighbour.
    """
    over, under = above[1:], below[1:]
    after_above, after, after_below = above[2:], here[2:], below[2:]
    for x in range(dx.size):
        p, q = int16(get(above, x)), int16(get(after_above, x))
        r, s = int16(get(below, x)), int16(get(after_below, x))
        falling, rising = typed.sub(s, p), typed.sub(q, r)
        across = typed.sub(int16(get(after, x)), int16(get(here, x)))
        down = typed.sub(int16(get(under, x)), int16(get(over, x)))
        put(dx, x, typed.add(typed.add(falling, rising), typed.add(across, across)))
        put(dy, x, typed.add(typed.sub(falling, rising), typed.add(down, down)))


@kernel
def sobel_ends(above, here, below, left, right, dx, dy):
    """As sobel_row, of the first and the last pixel."""
    n = dx.size
    for i in range(2):
        x = i * (n - 1)
        p, q = left_of(x, 1, left), right_of(x, n, 1, right)
        falling, rising = typed.sub(pixel(below, q), pixel(above, p)), typed.sub(pixel(above, q), pixel(below, p))
        across, down = typed.sub(pixel(here, q), pixel(here, p)), typed.sub(pixel(below, x), pixel(above, x))
        dx[x] = typed.add(typed.add(falling, rising), typed.add(across, across))
        dy[x] = typed.add(typed.sub(falling, rising), typed.add(down, down))


@kernel
def sobel_line(src, outside, y, border, line):
    """Both derivatives of row y of the image, and before them their values in the column left of it."""
    n = src.shape[1]
    left, right = stand_ins(n, 1, border)
    above, here, below = row_at(src, outside, y - 1, border), src[y], row_at(src, outside, y + 1, border)
    dx, dy = line[0][MARGIN : MARGIN + n], line[1][MARGIN : MARGIN + n]
    if n > 2:
        sobel_row(above, here, below, dx[1 : n - 1], dy[1 : n - 1])
    sobel_ends(above, here, below, left, right, dx, dy)
    beside = int16(0), int16(0)
    if border != CONSTANT:
        q = source_index(-1, n, border)
        beside = dx[q], dy[q]
    line[0][MARGIN - 1], line[1][MARGIN - 1] = beside


@kernel
def products(p, q, r, s):
    """p * r + q * s, below 2**24, of int16."""
    return float32(typed.add(typed.mul(int32(p), int32(r)), typed.mul(int32(q), int32(s))))


@kernel
def response(a, b, c, minus_k, scale):
    """(det - k * trace^2) * scale, det and the trace."""
    s, det = a + c, a * c - b * b
    return typed.fma(minus_k * s, s, det) * scale, det, s


@kernel
def bits(value):
    """Of float32, as int32: in the order of the values, but for negative ones among themselves."""
    return np.float32(value).view(np.int32)


@kernel
def size(value):
    """The bits of an absolute value."""
    return typed.bit_and(bits(value), int32(0x7FFFFFFF))


@kernel
def two_rows(ux, uy, mx, my, lx, ly, minus_k, scale, out, lower):
    """Responses of two rows from three of derivatives, from the column left of the image on; and the bits of the
    largest trace, of the largest det * trace and of the largest absolute response.

    Pixels go in pairs: then neighbours are multiplied and summed by one instruction.
    """
    ux1, uy1, mx1, my1, lx1, ly1 = ux[1:], uy[1:], mx[1:], my[1:], lx[1:], ly[1:]
    most, turn, peak = int32(0), int32(0), int32(0)
    for i in range(out.size // 2):
        x = 2 * i
        p, q, r, s = get(mx, x), get(mx, x + 1), get(my, x), get(my, x + 1)
        a, b, c = products(p, q, p, q), products(p, q, r, s), products(r, s, r, s)
        p, q, r, s = get(ux, x), get(ux, x + 1), get(uy, x), get(uy, x + 1)
        d, e, f = products(p, q, p, q), products(p, q, r, s), products(r, s, r, s)
        found, det, trace = response(a + d, b + e, c + f, minus_k, scale)
        put(out, x, found)
        most, turn = typed.maximum(most, bits(trace)), typed.maximum(turn, bits(det * trace))
        peak = typed.maximum(peak, size(found))
        p, q, r, s = get(lx, x), get(lx, x + 1), get(ly, x), get(ly, x + 1)
        d, e, f = products(p, q, p, q), products(p, q, r, s), products(r, s, r, s)
        found, det, trace = response(a + d, b + e, c + f, minus_k, scale)
        put(lower, x, found)
        most, turn = typed.maximum(most, bits(trace)), typed.maximum(turn, bits(det * trace))
        peak = typed.maximum(peak, size(found))
        p, q, r, s = get(mx1, x), get(mx1, x + 1), get(my1, x), get(my1, x + 1)
        a, b, c = products(p, q, p, q), products(p, q, r, s), products(r, s, r, s)
        p, q, r, s = get(ux1, x), get(ux1, x + 1), get(uy1, x), get(uy1, x + 1)
        d, e, f = products(p, q, p, q), products(p, q, r, s), products(r, s, r, s)
        found, det, trace = response(a + d, b + e, c + f, minus_k, scale)
        put(out, x + 1, found)
        most, turn = typed.maximum(most, bits(trace)), typed.maximum(turn, bits(det * trace))
        peak = typed.maximum(peak, size(found))
        p, q, r, s = get(lx1, x), get(lx1, x + 1), get(ly1, x), get(ly1, x + 1)
        d, e, f = products(p, q, p, q), products(p, q, r, s), products(r, s, r, s)
        found, det, trace = response(a + d, b + e, c + f, minus_k, scale)
        put(lower, x + 1, found)
        most, turn = typed.maximum(most, bits(trace)), typed.maximum(turn, bits(det * trace))
        peak = typed.maximum(peak, size(found))
    return most, turn, peak


@kernel
def last_pixel(upper, line, at, minus_k, scale, out):
    """The response of the last pixel of a row of odd length, as two_rows."""
    a = b = c = float32(0)
    for i in range(2):
        two = line if i else upper
        p, q, r, s = two[0, at - 1], two[0, at], two[1, at - 1], two[1, at]
        a, b, c = a + products(p, q, p, q), b + products(p, q, r, s), c + products(r, s, r, s)
    found, det, trace = response(a, b, c, minus_k, scale)
    out[out.size - 1] = found
    return bits(trace), bits(det * trace), size(found)


@kernel
def largest(most, turn, peak, found):
    """Of three and three more."""
    return typed.maximum(most, found[0]), typed.maximum(turn, found[1]), typed.maximum(peak, found[2])


@kernel
def harris_band(src, outside, border, minus_k, scale, dst, lines, spare, y0, y1):
    """Rows [y0, y1) of the responses with windows of 2 x 2; the largest trace, the largest det * trace and the largest
    absolute response.

    lines: the derivatives of row y in place (y + 3) % 3; spare: a row for nothing.
    """
    h, n = src.shape
    most, turn, peak = int32(0), int32(0), int32(0)
    before = row_index(y0 - 1, h, border)
    if before < 0:
        lines[(y0 + 2) % 3] = 0
    else:
        sobel_line(src, outside, before, border, lines[(y0 + 2) % 3])
    for y in range(y0, y1, 2):
        # Without a second row the one above stands for it, so that nothing else counts as the largest.
        paired = y + 1 < y1
        u, m, w = lines[(y + 2) % 3], lines[y % 3], lines[(y + 1 if paired else y + 2) % 3]
        out, lower = dst[y], dst[y + 1] if paired else spare
        sobel_line(src, outside, y, border, m)
        if paired:
            sobel_line(src, outside, y + 1, border, w)
        i = MARGIN - 1
        found = two_rows(u[0][i:], u[1][i:], m[0][i:], m[1][i:], w[0][i:], w[1][i:], minus_k, scale, out, lower)
        most, turn, peak = largest(most, turn, peak, found)
        if n % 2:
            most, turn, peak = largest(most, turn, peak, last_pixel(u, m, i + n, minus_k, scale, out))
            most, turn, peak = largest(most, turn, peak, last_pixel(w, m, i + n, minus_k, scale, lower))
    return np.int32(most).view(np.float32), np.int32(turn).view(np.float32), np.int32(peak).view(np.float32)
