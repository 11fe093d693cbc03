"""Canny's edge detector on the CPU (J. Canny, A computational approach to edge detection, PAMI 8(6), 1986).

One pass down a band of rows makes derivatives, magnitudes and, behind them, the class of each pixel in a map with a
border of one:

    0 no edge   WEAK above low only   SEED above high, with a weak neighbour   EDGE accepted

Hysteresis then grows the seeds through weak pixels. Only a strong pixel beside a weak one has anything to grow into,
and finding those in the pass is what makes growing cheap. A band grows inside its own rows; what reaches its first or
last row is put off until all bands are done. The accepted set does not depend on the order, hence not on the bands.
"""

import numpy as np
from numba import int16, int32, types, uint8, uint32, uint64
from numba.extending import overload

from cvkit_cpu import typed
from cvkit_cpu.edges_gradients import sobel3_row_u8, sobel_row_u8, sobel_wide_row_u8
from cvkit_cpu.jit import kernel

WEAK, SEED, EDGE = uint8(1), uint8(2), uint8(4)
NONE = uint8(0)
STACK = 1 << 16
LARGEST_L1 = 2 * 48 * 255  # aperture 5 has the largest derivatives
TAN_22_5 = (
    27146  # tan(22.5 degrees) in 16 bits; with it F below splits the directions exactly as OpenCV's 15-bit test does
)


@kernel
def l1_row(dx, dy, magnitude):
    """|dx| + |dy| into magnitude[1:-1]; both ends stay 0, the magnitude outside the image."""
    inner = magnitude[1:]
    for x in range(dx.size):
        a, b = typed.cast(dx[x], magnitude[0]), typed.cast(dy[x], magnitude[0])
        inner[x] = typed.add(typed.absolute(a), typed.absolute(b))


@kernel
def l2_row(dx, dy, magnitude):
    """dx * dx + dy * dy, in int32: at most 2 * 32767 ** 2."""
    inner = magnitude[1:]
    for x in range(dx.size):
        a, b = int32(dx[x]), int32(dy[x])
        inner[x] = typed.add(typed.mul(a, a), typed.mul(b, b))


@kernel
def larger(m, dx, dy, other_m, other_dx, other_dy):
    """The pixel of the larger magnitude, the first of equals."""
    other = other_m > m
    return typed.select(other, other_m, m), typed.select(other, other_dx, dx), typed.select(other, other_dy, dy)


@kernel
def strongest_channel(dx_all, dy_all, cn, magnitude_all, dx, dy, magnitude):
    """Of cn channels the derivatives and magnitude of the largest magnitude, the first of equals.

    A loop for each cn, since loads vectorise when the stride between them is a constant.
    """
    m, inner = magnitude_all[1:], magnitude[1:]
    if cn == 2:
        for x in range(dx.size):
            i = 2 * x
            inner[x], dx[x], dy[x] = larger(m[i], dx_all[i], dy_all[i], m[i + 1], dx_all[i + 1], dy_all[i + 1])
    elif cn == 3:
        for x in range(dx.size):
            i = 3 * x
            a, b, c = larger(m[i], dx_all[i], dy_all[i], m[i + 1], dx_all[i + 1], dy_all[i + 1])
            inner[x], dx[x], dy[x] = larger(a, b, c, m[i + 2], dx_all[i + 2], dy_all[i + 2])
    else:
        for x in range(dx.size):
            i = 4 * x
            a, b, c = larger(m[i], dx_all[i], dy_all[i], m[i + 1], dx_all[i + 1], dy_all[i + 1])
            d, e, f = larger(m[i + 2], dx_all[i + 2], dy_all[i + 2], m[i + 3], dx_all[i + 3], dy_all[i + 3])
            inner[x], dx[x], dy[x] = larger(a, b, c, d, e, f)


@kernel
def suppress_row(dx, dy, above, here, below, low, high, codes):
    """Classes of a row: SEED or WEAK where the magnitude is a maximum across the edge, by the direction of the
    gradient.

    With F = |dx| tan 22.5: horizontal gradient iff |dy| <= F, vertical iff |dy| - 2 |dx| > F (tan 67.5 = 2 + tan 22.5),
    else diagonal. From |dx| = 27146 on, which only given derivatives reach, |dx| tan 67.5 in 15 bits exceeds int32 in
    OpenCV, and what is not horizontal counts as vertical there, hence here. The second neighbour may be equal on the
    axes and must be smaller on the diagonals, hence the + 1. Runs in the type of the magnitude, 16 or 32 bits; |dx|,
    |dy| <= 32767, and <= 16383 in 16 bits.
    """
    like = here[0]
    tangent, one, zero = typed.cast(TAN_22_5, like), typed.cast(1, like), typed.cast(0, like)
    lower, upper = typed.cast(low, like), typed.cast(high, like)
    for x in range(dx.size):
        m = here[x + 1]
        a, b = typed.cast(dx[x], like), typed.cast(dy[x], like)
        ax, ay = typed.absolute(a), typed.absolute(b)
        f = typed.high_product(ax, tangent)
        flat = ay <= f
        steep = (typed.sub(ay, typed.add(ax, ax)) > f) | (ax >= tangent)
        falling = typed.bit_xor(a, b) >= zero
        first = typed.select(
            flat, here[x], typed.select(steep, above[x + 1], typed.select(falling, above[x], above[x + 2]))
        )
        diagonal = typed.add(one, typed.select(falling, below[x + 2], below[x]))
        second = typed.select(flat, here[x + 2], typed.select(steep, below[x + 1], diagonal))
        kept = (m > first) & (m >= second) & (m > lower)
        codes[x] = typed.select(kept, typed.select(m > upper, SEED, WEAK), NONE)


@kernel
def settle_row(above, here, below, near):
    """Strong pixels of a row without a weak neighbour become EDGE: they have nothing to grow into.

    The rows are those of the map, from the pixel left of the image to the one right of it; near is scratch of their
    length.
    """
    for x in range(near.size):
        near[x] = typed.bit_or(typed.bit_or(above[x], here[x]), below[x])
    middle = here[1:]
    for x in range(near.size - 2):
        around = typed.bit_or(typed.bit_or(near[x], near[x + 1]), near[x + 2])
        idle = (middle[x] == SEED) & (typed.bit_and(around, WEAK) == NONE)
        middle[x] = typed.select(idle, EDGE, middle[x])


@kernel
def classify_row(y, dx, dy, magnitude, low, high, codes, stride, near, y0, y1, h):
    """Row y of the map, once the magnitudes of rows y - 1 to y + 1 are in their slots; then row y - 1 is settled.

    The first and last row of a band touch rows that another band writes; they stay as they are unless the image ends
    there.
    """
    w = dx.size
    start = (y + 1) * stride
    codes[start] = NONE
    codes[start + w + 1 : start + stride] = NONE
    suppress_row(
        dx, dy, magnitude[(y + 2) % 3], magnitude[y % 3], magnitude[(y + 1) % 3], low, high, codes[start + 1 :]
    )
    if y - 1 > y0 or (y - 1 == y0 == 0):
        settle_row(codes[start - 2 * stride :], codes[start - stride :], codes[start:], near[: w + 2])
    if y == h - 1 and (y > y0 or h == 1):
        settle_row(codes[start - stride :], codes[start:], codes[start + stride :], near[: w + 2])


@kernel
def clear_ends(codes, stride, y0, y1, h):
    """Zero the map's first and last row."""
    if y0 == 0:
        codes[:stride] = NONE
    if y1 == h:
        codes[(h + 1) * stride :] = NONE


def derivatives(source, y, cn, lines, dx, dy):
    """Row y of both derivatives of all channels. ``source`` is (image,) for Sobel's 3 x 3 kernels, (image, aperture)
    for wider ones, or both derivatives themselves; a first call compiles what its own source wants.
    """


@overload(derivatives, inline="always")
def _derivatives(source, y, cn, lines, dx, dy):
    if len(source) == 1:

        def chosen(source, y, cn, lines, dx, dy):
            if cn == 1:
                sobel3_row_u8(source[0], y, dx, dy)
            else:
                sobel_row_u8(source[0], y, cn, lines[0], lines[1], dx, dy)

    elif source[1] == types.intp:

        def chosen(source, y, cn, lines, dx, dy):
            sobel_wide_row_u8(source[0], y, cn, source[1], lines[0], lines[1], dx, dy)

    else:

        def chosen(source, y, cn, lines, dx, dy):
            symmetric_row(source[0][y], dx)
            symmetric_row(source[1][y], dy)

    return chosen


@kernel
def canny_band(source, cn, l2, low, high, dst, codes, stride, lines, magnitude, near, stack, y0, y1):
    """Rows [y0, y1) of an image of w * cn values a row, from pixels or derivatives to grown seeds.

    lines: int16, rows of w * cn values and the padding of their ends: 2 for the columns, 2 + 2 of dx and dy, 2 more for
    all channels. magnitude: 3 rows of w + 2 (and one of w * cn + 2), int16 or int32, zero at either end.
    """
    h, n = source[0].shape
    w = n // cn
    clear_ends(codes, stride, y0, y1, h)
    for y in range(y0 - 1, y1 + 1):
        here = magnitude[(y + 3) % 3][: w + 2]
        here[0] = 0
        here[w + 1] = 0
        if y < 0 or y >= h:
            here[:] = 0
        else:
            dx, dy = lines[2 + y % 2][:w], lines[4 + y % 2][:w]
            if cn == 1:
                derivatives(source, y, cn, lines, dx, dy)
                magnitude_row(dx, dy, l2, here)
            else:
                dx_all, dy_all, every = lines[6][:n], lines[7][:n], magnitude[3]
                derivatives(source, y, cn, lines, dx_all, dy_all)
                magnitude_row(dx_all, dy_all, l2, every)
                strongest_channel(dx_all, dy_all, cn, every, dx, dy, here)
        if y > y0:
            before = y - 1
            dx, dy = lines[2 + before % 2][:w], lines[4 + before % 2][:w]
            classify_row(before, dx, dy, magnitude, low, high, codes, stride, near, y0, y1, h)
    return grow_inside(codes, stride, stack, dst, y0, y1)


@kernel
def symmetric_row(given, row):
    """A row of derivatives with -32768, which has no absolute value in int16, taken as -32767."""
    for x in range(row.size):
        row[x] = typed.maximum(given[x], int16(-32767))


@kernel
def magnitude_row(dx, dy, l2, magnitude):
    """The norm that was asked for."""
    if l2:
        l2_row(dx, dy, magnitude)
    else:
        l1_row(dx, dy, magnitude)


@kernel
def grow_inside(codes, stride, stack, dst, y0, y1):
    """Grow the seeds of a band as far as its rows go that touch no other band; a band that is the whole image is
    finished here.
    """
    h = dst.shape[0]
    first = y0 + 1 if y0 > 0 else 0
    last = y1 - 1 if y1 < h else h
    full = grow(codes, stride, stack, first, last, first, last)
    if y1 - y0 == h:
        while full:
            full = grow(codes, stride, stack, y0, y1, y0, y1)
        accept_band(codes, stride, dst, y0, y1)
    return full


@kernel
def grow(codes, stride, stack, scan0, scan1, grow0, grow1):
    """Grow the seeds of rows [scan0, scan1) through weak pixels, inside rows [grow0, grow1).

    A pixel outside those rows, or one that finds the stack full, is left as a SEED for a later call. Returns whether
    the stack was full. Depth first; codes are single bits, so the weak ones of three neighbours come out of one word.
    """
    first, last = (grow0 + 1) * stride, (grow1 + 1) * stride
    seeds = uint64(0x0202020202020202)
    weak = uint32(0x010101)
    full = False
    for j in range((scan0 + 1) * stride // 8, (scan1 + 1) * stride // 8):
        if typed.bit_and(typed.load_uint64(codes, 8 * j), seeds) == 0:
            continue
        for q in range(8 * j, 8 * j + 8):
            if codes[q] != SEED:
                continue
            codes[q] = EDGE
            stack[0] = q
            depth = 1
            while depth > 0:
                depth -= 1
                p = np.intp(stack[depth])
                if p < first or p >= last:
                    codes[p] = SEED
                    continue
                above = typed.bit_and(typed.load_uint32(codes, p - stride - 1), weak)
                beside = typed.bit_and(typed.load_uint32(codes, p - 1), weak)
                below = typed.bit_and(typed.load_uint32(codes, p + stride - 1), weak)
                found = typed.bit_or(above, typed.bit_or(typed.shl(beside, uint32(1)), typed.shl(below, uint32(2))))
                while found != 0:
                    place = np.intp(typed.trailing_zeros(found))
                    found = typed.bit_and(found, typed.sub(found, uint32(1)))
                    neighbour = p - 1 + (place >> 3) + ((place & 7) - 1) * stride
                    if depth < stack.size:
                        codes[neighbour] = EDGE
                        stack[depth] = neighbour
                        depth += 1
                    else:
                        codes[neighbour] = SEED
                        full = True
    return full


@kernel
def accept_band(codes, stride, dst, y0, y1):
    """Rows [y0, y1) of the result: 255 where a pixel was accepted."""
    w = dst.shape[1]
    for y in range(y0, y1):
        start = (y + 1) * stride + 1
        inner, row = codes[start : start + w], dst[y]
        for x in range(w):
            row[x] = typed.select(inner[x] >= SEED, uint8(255), NONE)


def canny(cpu, src, dst, cn, low, high, aperture, l2):
    """Plan: bands from pixels to grown seeds, then what crosses their edges, then the result."""
    if not l2:
        low, high = min(low, LARGEST_L1), min(high, LARGEST_L1)  # they must fit in int16 as the magnitudes do
    source = (src,) if aperture == 3 else (src, aperture)
    row_ns = src.shape[1] * (1.0 if aperture < 7 else 2.0)
    _detect(cpu, source, dst, cn, low, high, l2, 2 * cn * (aperture // 2), np.int32 if l2 else np.int16, row_ns)


def canny_from_gradients(cpu, dx, dy, dst, cn, low, high, l2):
    """Plan: as canny, the derivatives being there already."""
    _detect(cpu, (dx, dy), dst, cn, low, high, l2, 0, np.int32, dx.shape[1] * 1.0)


def _detect(cpu, source, dst, cn, low, high, l2, padding, magnitude, row_ns):
    """Classify and grow in bands of rows, then grow across the edges of the bands until no seed is left, then write the
    result.

    Beyond input and result: the map, a byte a pixel, and stacks of at most STACK entries in all. A stack that runs full
    only means another scan: what found no room stays a seed.
    """
    h, w = dst.shape
    stride = (w + 9) // 8 * 8
    size = (h + 2) * stride + 8
    index = np.int32 if size < 2**31 else np.int64
    bands = cpu.split(h, row_ns)
    room = min(size, STACK) // len(bands) + 1
    lines = ((8 if cn > 1 else 6, w * cn + padding), np.int16)
    magnitudes = ((4 if cn > 1 else 3, w * cn + 2), magnitude)
    scratch = (lines, magnitudes, (w + 2, np.uint8), (room, index))
    codes = cpu.take(size)
    full = cpu.bands(canny_band, source, cn, l2, low, high, dst, codes, stride, bands=bands, scratch=scratch)
    if len(bands) > 1:
        stack = np.empty(room, index)
        edges = [grow(codes, stride, stack, max(y1 - 1, 0), y1 + 1, 0, h) for _, y1 in bands[:-1]]
        while any(full) or any(edges):
            full, edges = [grow(codes, stride, stack, 0, h, 0, h)], ()
        cpu.bands(accept_band, codes, stride, dst, bands=cpu.split(h, w * 0.05))
    cpu.give(codes)
