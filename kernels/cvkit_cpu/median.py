"""Median filters on the CPU: networks of minima and maxima up to 9 x 9, histograms beyond.

A row of the image is a row of w * cn values; its neighbours to the left and right lie cn values away. The border is
replicated.
"""

import numpy as np

from cvkit_cpu import median_networks as networks
from cvkit_cpu.jit import kernel
from cvkit_cpu.median_histograms import histogram_band
from cvkit_cpu.median_order import lower, upper

# Nanoseconds a byte of a row on a processor with 256-bit vectors, by size of the window; of histograms, a value.
COST = {3: 0.2, 5: 0.6, 7: 2.0, 9: 5.0}
HISTOGRAM_COST = 15.0
LANES = 64  # values of the longest vector of bytes
TILE = 512  # columns whose histograms stay in the second cache


@kernel
def middle(a, b, c):
    """The median of three."""
    return upper(lower(a, b), lower(upper(a, b), c))


@kernel
def two_columns(a, b, c, d):
    """(a, b, c) in order and (b, c, d) in order; the two in the middle are compared once for both."""
    low, high = lower(b, c), upper(b, c)
    first, rest = lower(a, low), upper(a, low)
    start, more = lower(d, low), upper(d, low)
    return first, lower(rest, high), upper(rest, high), start, lower(more, high), upper(more, high)


@kernel
def of_columns(low0, middle0, high0, low1, middle1, high1, low2, middle2, high2):
    """The median of nine values in three sorted columns: of the greatest low, the middle middle and the least high."""
    low, high = upper(upper(low0, low1), low2), lower(lower(high0, high1), high2)
    return middle(low, middle(middle0, middle1, middle2), high)


@kernel
def median3_ends(a, b, c, d, cn, first, second):
    """The leftmost and rightmost pixel of two rows of medians, from the four rows of the image around them."""
    last = a.size - cn
    for x in range(cn):
        median3_at(a, b, c, d, x, x, min(x + cn, last + x), first, second)
        median3_at(a, b, c, d, max(last + x - cn, x), last + x, last + x, first, second)


@kernel
def median3_at(a, b, c, d, left, here, right, first, second):
    """One value of both rows."""
    low0, middle0, high0, start0, more0, end0 = two_columns(a[left], b[left], c[left], d[left])
    low1, middle1, high1, start1, more1, end1 = two_columns(a[here], b[here], c[here], d[here])
    low2, middle2, high2, start2, more2, end2 = two_columns(a[right], b[right], c[right], d[right])
    first[here] = of_columns(low0, middle0, high0, low1, middle1, high1, low2, middle2, high2)
    second[here] = of_columns(start0, more0, end0, start1, more1, end1, start2, more2, end2)


@kernel
def median3_gray(a, b, c, d, count, first, second):
    """Values 1 to count of two rows of one channel; neighbours at a constant distance load fastest."""
    for x in range(1, count + 1):
        low0, middle0, high0, start0, more0, end0 = two_columns(a[x - 1], b[x - 1], c[x - 1], d[x - 1])
        low1, middle1, high1, start1, more1, end1 = two_columns(a[x], b[x], c[x], d[x])
        low2, middle2, high2, start2, more2, end2 = two_columns(a[x + 1], b[x + 1], c[x + 1], d[x + 1])
        first[x] = of_columns(low0, middle0, high0, low1, middle1, high1, low2, middle2, high2)
        second[x] = of_columns(start0, more0, end0, start1, more1, end1, start2, more2, end2)


@kernel
def median3_colour(a, b, c, d, cn, count, first, second):
    """As median3_gray, values cn to cn + count - 1 of cn channels."""
    a1, b1, c1, d1 = a[cn:], b[cn:], c[cn:], d[cn:]
    a2, b2, c2, d2 = a1[cn:], b1[cn:], c1[cn:], d1[cn:]
    inner, below = first[cn:], second[cn:]
    for x in range(count):
        low0, middle0, high0, start0, more0, end0 = two_columns(a[x], b[x], c[x], d[x])
        low1, middle1, high1, start1, more1, end1 = two_columns(a1[x], b1[x], c1[x], d1[x])
        low2, middle2, high2, start2, more2, end2 = two_columns(a2[x], b2[x], c2[x], d2[x])
        inner[x] = of_columns(low0, middle0, high0, low1, middle1, high1, low2, middle2, high2)
        below[x] = of_columns(start0, more0, end0, start1, more1, end1, start2, more2, end2)


@kernel
def median3_inner(a, b, c, d, cn, count, first, second):
    """As median3_colour, by the kernel for the number of channels."""
    if cn == 1:
        median3_gray(a, b, c, d, count, first, second)
    else:
        median3_colour(a, b, c, d, cn, count, first, second)


@kernel
def median3_band(src, dst, cn, spare, y0, y1):
    """Rows [y0, y1) of the 3 x 3 median, two at a time; the second of an odd number goes to ``spare``.

    The last values of a row, where they fill no vector, are computed in one with some before them.
    """
    bottom, count = src.shape[0] - 1, src.shape[1] - 2 * cn
    for y in range(y0, y1, 2):
        a, b, c, d = src[max(y - 1, 0)], src[y], src[min(y + 1, bottom)], src[min(y + 2, bottom)]
        first, second = dst[y], spare
        if y + 1 < y1:
            second = dst[y + 1]
        whole = count // LANES * LANES if count >= LANES else count
        median3_inner(a, b, c, d, cn, whole, first, second)
        if whole < count:
            t = count - LANES
            median3_inner(a[t:], b[t:], c[t:], d[t:], cn, LANES, first[t:], second[t:])
        median3_ends(a, b, c, d, cn, first, second)


def median_blur(cpu, src, dst, cn, ksize):
    """Plan: by the size of the window; ksize is odd, and at most 9 unless the image is uint8."""
    h, n = src.shape
    if ksize == 1:
        np.copyto(dst, src)
    elif ksize == 3:
        bands = cpu.split(h, n * src.itemsize * COST[3])
        cpu.bands(median3_band, src, dst, cn, bands=bands, scratch=((n, src.dtype),))
    elif ksize <= 9:
        sizes = [planes * networks.STRIDES[ksize] + networks.SLACK for planes in networks.PLANES[ksize]]
        bands = cpu.split(h, n * src.itemsize * COST[ksize])
        band = getattr(networks, f"median{ksize}_band")
        cpu.bands(band, src, dst, cn, bands=bands, scratch=tuple((size, src.dtype) for size in sizes))
    else:
        tile = min(TILE, n // cn)
        columns = tile + ksize - 1
        scratch = (
            (16 * columns, np.uint16),
            (256 * columns, np.uint16),
            (17 * 16, np.uint16),
            (16, np.int64),
            ((2, columns), np.uint8),
        )
        cpu.bands(histogram_band, src, dst, cn, ksize, tile, bands=cpu.split(h, n * HISTOGRAM_COST), scratch=scratch)
