"""Integral images on the CPU: each sum is that of the row above plus the sum along its own row, from left to right."""

import numpy as np
from cvkit_math.integrals import vector_fronts

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel

SPAN = 256  # pixels of uint8, whose sum uint16 holds
HALF = SPAN // 2


@kernel
def run_sums(row, sums, cn, square):
    """Sums along a row, channel by channel, behind a pixel of zeros, in the type of sums."""
    zero = typed.cast(0, sums[0])
    for c in range(cn):
        values, out = row[c:], sums[cn + c :]
        total = zero
        sums[c] = zero
        if square:
            for x in range(0, row.size - c, cn):
                value = typed.cast(values[x], zero)
                total = total + value * value
                out[x] = total
        else:
            for x in range(0, row.size - c, cn):
                total = total + typed.cast(values[x], zero)
                out[x] = total


@kernel
def add_above(above, sums):
    """Sums of a row become those of the image down to it."""
    for x in range(sums.size):
        sums[x] += above[x]


@kernel
def sums_of_span(row, lines, cn):
    """In lines[0], behind HALF pixels of zeros as in lines[1], sums of each pixel and the SPAN - 1 before it."""
    start = HALF * cn
    a, b = lines[0][start:], lines[1][start:]
    for x in range(row.size):
        a[x] = row[x]
    for step in range(0, 8, 2):
        before = lines[0][start - (cn << step) :]
        for x in range(row.size):
            b[x] = typed.add(a[x], before[x])
        before = lines[1][start - (cn << step + 1) :]
        for x in range(row.size):
            a[x] = typed.add(b[x], before[x])


@kernel
def run_blocks(part, above, out, sums, whole):
    """Sums along a row in steps of SPAN pixels from sums of as many, with those of the row above on top if ``whole``;
    ``sums`` are the latest.
    """
    sums[:] = 0
    for first in range(0, part.size, sums.size):
        few = part[first : first + sums.size]
        over, to = above[first:], out[first:]
        if whole:
            for x in range(few.size):
                sums[x] += few[x]
                to[x] = sums[x] + over[x]
        else:
            for x in range(few.size):
                sums[x] += few[x]
                to[x] = sums[x]


@kernel
def integral_u8_band(src, dst, cn, whole, lines, sums, y0, y1):
    """As integral_band, of uint8 in int32, where sums wrap around and their order means nothing: in vectors."""
    if y0 == 0:
        dst[0][:] = 0
    lines[:, : HALF * cn] = 0
    for y in range(y0, y1):
        sums_of_span(src[y], lines, cn)
        dst[y + 1][:cn] = 0
        run_blocks(lines[0][HALF * cn :], dst[y][cn:], dst[y + 1][cn:], sums, whole)


@kernel
def integral_band(src, dst, cn, square, whole, y0, y1):
    """Sums along rows [y0, y1) of src into the rows below those of dst, and down the columns too if they are all."""
    if y0 == 0:
        dst[0][:] = 0
    for y in range(y0, y1):
        run_sums(src[y], dst[y + 1], cn, square)
        if whole:
            add_above(dst[y], dst[y + 1])


@kernel
def add_rows_stripe(dst, x0, x1):
    """Values [x0, x1) of each row: sums down the columns."""
    for y in range(2, dst.shape[0]):
        add_above(dst[y - 1][x0:x1], dst[y][x0:x1])


@kernel
def resume_whole(src, dst, cn, front, last_front, y0, y1):
    """Sums of rows [y0, y1) in float32 from pixel ``front`` on, in the last row from ``last_front``, as OpenCV goes on
    where its vectors end: with the sum of the row so far as the difference of two rounded sums.
    """
    for y in range(y0, y1):
        start = (last_front if y == src.shape[0] - 1 else front) * cn
        row, above, out = src[y][start:], dst[y][start:], dst[y + 1][start:]
        for c in range(cn):
            total = out[c] - above[c]
            for x in range(c, row.size, cn):
                total += typed.cast(row[x], total)
                out[x + cn] = total + above[x + cn]


@kernel
def tilted_whole(src, dst, cn, diagonals, y0, y1):
    """Sums over the triangle above each place, from the one a pixel further up and to the left.

    With D(y, x) the sum of pixel p(y, x) and all those up and to the right of it, down its own diagonal alone,
    T(y + 1, x + 1) = D(y - 1, x) + (D(y - 1, x + 1) + p(y, x) + T(y, x)); diagonals are two rows of w * cn + cn values.
    """
    n = src.shape[1]
    dst[0][:] = 0
    diagonals[:, :] = 0
    for y in range(y0, y1):
        row, above, out = src[y], dst[y], dst[y + 1]
        tilted_row(row, above, out, diagonals[y & 1], diagonals[1 - (y & 1)], cn, n, y == 0)


@kernel
def tilted_row(row, above, out, before, after, cn, n, first):
    """One row of tilted sums."""
    like = out[0]
    if first:
        for c in range(cn):
            out[c] = typed.cast(0, like)
        inner = out[cn:]
        for x in range(n):
            inner[x] = typed.cast(row[x], like)
            after[x] = typed.cast(row[x], like)
        return
    for c in range(cn):
        out[c] = above[cn + c]
    right, inner = before[cn:], out[cn:]
    for c in range(cn):
        inner[c] = above[cn + c] + typed.cast(row[c], like) + right[c]
    for x in range(cn, n - cn):
        inner[x] = before[x] + (right[x] + typed.cast(row[x], like) + above[x])
    for x in range(max(n - cn, cn), n):
        inner[x] = typed.cast(row[x], like) + before[x] + above[x]
    for x in range(n - cn):
        after[x] = right[x] + typed.cast(row[x], like)
    for x in range(n - cn, n):
        after[x] = typed.cast(row[x], like)


def integral(cpu, src, dst, cn):
    """Plan: the integral image; dst has a row and a column of pixels more than src."""
    _integral(cpu, src, dst, cn, False)
    h, n = src.shape
    if src.dtype == np.uint8 and dst.dtype == np.float32:
        fronts = vector_fronts(n // cn, cn)
        cpu.bands(resume_whole, src, dst, cn, *fronts, bands=[(0, h)])


def integral2(cpu, src, dst, squares, cn):
    """Plan: the integral image, and that of the squares."""
    _integral(cpu, src, dst, cn, False)
    _integral(cpu, src, squares, cn, True)


def integral3(cpu, src, dst, squares, tilted, cn):
    """Plan: as integral2, and sums over the triangle above each place, whose rows need the whole row above."""
    integral2(cpu, src, dst, squares, cn)
    h, n = src.shape
    cpu.bands(tilted_whole, src, tilted, cn, bands=[(0, h)], scratch=(((2, n + cn), tilted.dtype),))


def _integral(cpu, src, dst, cn, square):
    """Bands of rows for the sums along them, then stripes of columns; at one go where there is one band."""
    h, n = src.shape
    in_vectors = src.dtype == np.uint8 and dst.dtype == np.int32 and not square
    bands = cpu.split(h, n * (0.35 if in_vectors else 1.0))
    whole = len(bands) == 1
    if in_vectors:
        scratch = (((2, n + HALF * cn), np.uint16), (SPAN * cn, np.int32))
        cpu.bands(integral_u8_band, src, dst, cn, whole, bands=bands, scratch=scratch)
    else:
        cpu.bands(integral_band, src, dst, cn, square, whole, bands=bands)
    if not whole:
        cpu.bands(add_rows_stripe, dst, bands=cpu.split(dst.shape[1], h * 0.5))
