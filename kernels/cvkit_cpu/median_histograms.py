"""Medians of large uint8 windows on the CPU, at a cost that hardly depends on the size of the window.

Each column of a tile has a histogram of its k values that lie in the window's rows, updated by one value in and one out
from row to row; the sum of k neighbouring histograms is kept from pixel to pixel (S. Perreault, P. Hebert, Median
filtering in constant time, IEEE Transactions on Image Processing 16(9), 2007). A histogram has two levels: 16 coarse
bins, and 16 fine ones in each of them, of which only those of the bin that holds the median are summed.

Counts are cumulative, so the bin of the median is the number of counts that are at most half of the window: one vector
compared, no search. A count is at most 255 * 255, which uint16 holds.
"""

import numpy as np
from numba import uint8, uint16

from cvkit_cpu.jit import kernel
from cvkit_cpu.median_counts import add_counts, copy_counts, exchange_counts, number_up_to, subtract_counts

# From 16 v on: what a value in bin v adds to the cumulative counts of the 16 bins, a one in each from v on.
STEPS = (np.arange(16) >= np.arange(16)[:, None]).astype(np.uint16).ravel()

NEVER = -(1 << 40)


@kernel
def spread(row, channel, cn, first, line):
    """Pixels from column ``first`` on of one channel of a row, with its ends repeated."""
    w = row.size // cn
    for i in range(line.size):
        line[i] = row[min(max(first + i, 0), w - 1) * cn + channel]


@kernel
def add_line(line, coarse, fine):
    """Count one value more in each column."""
    n = line.size
    for i in range(n):
        high, low = np.intp(line[i]) & 0xF0, np.intp(line[i]) & 15
        add_counts(coarse, 16 * i, STEPS, high)
        add_counts(fine, high * n + 16 * i, STEPS, 16 * low)


@kernel
def exchange_line(line, gone, coarse, fine):
    """In each column count one value more and one less."""
    n = line.size
    for i in range(n):
        high, low = np.intp(line[i]) & 0xF0, np.intp(line[i]) & 15
        old_high, old_low = np.intp(gone[i]) & 0xF0, np.intp(gone[i]) & 15
        exchange_counts(coarse, 16 * i, STEPS, high, STEPS, old_high)
        add_counts(fine, high * n + 16 * i, STEPS, 16 * low)
        subtract_counts(fine, old_high * n + 16 * i, STEPS, 16 * old_low)


@kernel
def median_line(coarse, fine, n, ksize, sums, summed, out, cn):
    """One row of a tile of n columns: ``out[x * cn]`` is the median of columns x to x + ksize - 1.

    The first 16 values of ``sums`` are the window's coarse bins. Behind them, from 16 + 16 b on, stand the fine bins of
    coarse bin b, summed over the window that began at column ``summed[b]``: they are brought up to date by what went
    and came since, or made anew where that is less work.
    """
    half = ksize * ksize // 2
    copy_counts(sums, 0, coarse, 0)
    for i in range(1, ksize):
        add_counts(sums, 0, coarse, 16 * i)
    for b in range(16):
        summed[b] = NEVER
    for x in range(n - ksize + 1):
        if x > 0:
            exchange_counts(sums, 0, coarse, 16 * (x + ksize - 1), coarse, 16 * (x - 1))
        high = number_up_to(sums, 0, uint16(half))
        before = summed[high]
        plane, total = high * 16 * n, 16 + 16 * high
        if 2 * (x - before) > ksize:
            copy_counts(sums, total, fine, plane + 16 * x)
            for i in range(x + 1, x + ksize):
                add_counts(sums, total, fine, plane + 16 * i)
        else:
            for i in range(before, x):
                exchange_counts(sums, total, fine, plane + 16 * (i + ksize), fine, plane + 16 * i)
        summed[high] = x
        below = sums[high - 1] if high > 0 else uint16(0)
        out[x * cn] = uint8(16 * high + number_up_to(sums, total, uint16(half - below)))


@kernel
def histogram_band(src, dst, cn, ksize, tile, coarse, fine, sums, summed, lines, y0, y1):
    """Rows [y0, y1) of the median of uint8 rows of w * cn values, in tiles of ``tile`` columns and a channel at a time.

    With n = tile + ksize - 1: coarse 16 n, fine 256 n and sums 17 * 16 values, uint16; summed 16, int64; lines (2, n).
    """
    h, w, radius = src.shape[0], src.shape[1] // cn, ksize // 2
    for x0 in range(0, w, tile):
        n = min(tile, w - x0) + ksize - 1
        columns, bins, line, gone = coarse[: 16 * n], fine[: 256 * n], lines[0][:n], lines[1][:n]
        for channel in range(cn):
            columns[:] = uint16(0)
            bins[:] = uint16(0)
            for y in range(y0 - radius, y0 + radius + 1):
                spread(src[min(max(y, 0), h - 1)], channel, cn, x0 - radius, line)
                add_line(line, columns, bins)
            for y in range(y0, y1):
                if y > y0:
                    spread(src[min(y + radius, h - 1)], channel, cn, x0 - radius, line)
                    spread(src[max(y - radius - 1, 0)], channel, cn, x0 - radius, gone)
                    exchange_line(line, gone, columns, bins)
                median_line(columns, bins, n, ksize, sums, summed, dst[y, x0 * cn + channel :], cn)
