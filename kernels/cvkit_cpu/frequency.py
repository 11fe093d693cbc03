"""The adaptive Wiener filter and filters in the frequency domain on the CPU.

Wiener: two sums a pixel, of the values and of their squares over the window, in float64. Down the columns they are
direct sums from the top row of the window to its last; where every partial sum is an exact integer the row that enters
is added and the row that leaves is taken off, which gives the same bits. Along the row they are sums by doubling: of
2, 4, 8 ... neighbours, put together by the binary digits of the width, the lowest digit first. So the result does not
depend on the band.

Frequency filters: transforms of the rows, then of the columns, by numpy.fft, a block at a time, so that threads share
them and a block stays in the cache.
"""

import numpy as np
from numba import float64

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel

EXACT_AREA = 1 << 20  # windows of up to so many 16-bit values have squares that add up below 2 ** 53
BLOCK = 1 << 15  # complex numbers that are transformed at a time, half a megabyte


@kernel
def clear(row):
    """Zero a row."""
    for x in range(row.size):
        row[x] = 0


@kernel
def add_row(row, sums, squares):
    """Take a row of the image into the sums down the columns."""
    for x in range(row.size):
        v = float64(row[x])
        sums[x] += v
        squares[x] += v * v


@kernel
def subtract_row(row, sums, squares):
    """Take a row of the image off the sums; only where they are exact."""
    for x in range(row.size):
        v = float64(row[x])
        sums[x] -= v
        squares[x] -= v * v


@kernel
def pair_sums(first, second, pairs):
    """Sums of two neighbouring windows."""
    for x in range(pairs.size):
        pairs[x] = first[x] + second[x]


@kernel
def copy_row(row, out):
    """The first part of a sum."""
    for x in range(out.size):
        out[x] = row[x]


@kernel
def add_to(row, out):
    """The next part of a sum."""
    for x in range(out.size):
        out[x] += row[x]


@kernel
def window_sums(row, taps, cn, out, spare):
    """out[x] = the sum of row[x], row[x + cn] ... of `taps` values; row has out.size + (taps - 1) * cn values.

    spare is scratch of two rows of row.size values.
    """
    span, done, f = 1, 0, 0
    if taps & 1:
        copy_row(row, out)
        done = 1
    while 2 * span <= taps:
        starts = row.size - (2 * span - 1) * cn
        if span == 1:
            pair_sums(row, row[cn:], spare[0][:starts])
        else:
            pair_sums(spare[f], spare[f][span * cn :], spare[1 - f][:starts])
            f = 1 - f
        span *= 2
        if taps & span:
            if done == 0:
                copy_row(spare[f], out)
            else:
                add_to(spare[f][done * cn :], out)
            done += span


@kernel
def variance_row(sums, squares, area, variance):
    """E[x^2] - E[x]^2 of each window."""
    for x in range(variance.size):
        mean = sums[x] / area
        variance[x] = squares[x] / area - mean * mean


@kernel
def total_row(values, cn, totals):
    """The sum of a row of pixels for each channel, by adding the second half to the first until one pixel is left."""
    pixels = values.size // cn
    while pixels > 1:
        half = (pixels + 1) // 2
        add_to(values[half * cn :], values[: (pixels - half) * cn])
        pixels = half
    for c in range(cn):
        totals[c] = values[c]


@kernel
def shrink_row(row, sums, squares, area, noise, out):
    """Each pixel drawn to the local mean by the share of noise in the local variance; NaN goes through."""
    for x in range(out.size):
        mean = sums[x] / area
        variance = squares[x] / area - mean * mean
        drawn = (float64(row[x]) - mean) * (1.0 - noise[x] / variance) + mean
        out[x] = typed.select(variance <= noise[x], mean, drawn)


@kernel
def wiener_band(
    src, cn, left, right, up, down, area, exact, measure, noise, dst, totals, columns, windows, spare, y0, y1
):
    """Rows [y0, y1): the row's sum of variances into totals where `measure` is true, else the result into dst.

    A window reaches `left`, `right`, `up` and `down` pixels from its own, and holds zeros outside the image. columns
    and windows are two rows each, for sums and squares.
    """
    h, n = src.shape
    sums, squares = columns[0], columns[1]
    clear(sums)
    clear(squares)
    inner_sums, inner_squares = sums[left * cn : left * cn + n], squares[left * cn : left * cn + n]
    for y in range(y0, y1):
        if exact and y > y0:
            if y + down < h:
                add_row(src[y + down], inner_sums, inner_squares)
            if y - up > 0:
                subtract_row(src[y - up - 1], inner_sums, inner_squares)
        else:
            clear(inner_sums)
            clear(inner_squares)
            for v in range(max(y - up, 0), min(y + down + 1, h)):
                add_row(src[v], inner_sums, inner_squares)
        window_sums(sums, left + 1 + right, cn, windows[0], spare)
        window_sums(squares, left + 1 + right, cn, windows[1], spare)
        if measure:
            variance = spare[0][:n]
            variance_row(windows[0], windows[1], area, variance)
            total_row(variance, cn, totals[y])
        else:
            shrink_row(src[y], windows[0], windows[1], area, noise, dst[y])


def wiener(cpu, src, dst, cn, width, height, noise):
    """Plan: bands of rows; without a given noise a first round over them that measures it, channel by channel."""
    h, n = src.shape
    w = n // cn
    left, right = min(width // 2, w - 1), min((width - 1) // 2, w - 1)  # further out there are zeros only
    up, down = min(height // 2, h - 1), min((height - 1) // 2, h - 1)
    taps = left + 1 + right
    exact = src.dtype.kind in "ui" and taps * (up + 1 + down) <= EXACT_AREA
    reach = n + (taps - 1) * cn
    row_ns = n * (2.0 + 0.4 * taps.bit_length() + (0.0 if exact else 0.3 * (up + down)))
    totals = np.empty((h, cn))
    window = (src, cn, left, right, up, down, float(width * height), exact)
    options = {
        "bands": cpu.split(h, row_ns),
        "scratch": (((2, reach), np.float64), ((2, n), np.float64), ((2, reach), np.float64)),
    }
    if noise is None:
        cpu.bands(wiener_band, *window, True, np.zeros(n), dst, totals, **options)
        noise = np.ascontiguousarray(totals.T).sum(axis=1) / (h * w)
    cpu.bands(wiener_band, *window, False, np.resize(noise, n), dst, totals, **options)


def _lines(length):
    """Rows or columns of this length that make a block; of columns a cache line of four at least."""
    return max(BLOCK // length, 4)


def transform_rows(plane, spectrum, padding, y0, y1):
    """Rows [y0, y1) of the half spectrum: of the rows as they are, with their mirror image or with zeros behind."""
    w, step = plane.shape[1], _lines(spectrum.shape[1])
    for y in range(y0, y1, step):
        rows = plane[y : min(y + step, y1)].astype(np.float64)
        if padding == "reflect":
            rows = np.concatenate([rows, rows[:, ::-1]], axis=1)
        spectrum[y : y + len(rows)] = np.fft.rfft(rows, 2 * w if padding else w)


def filter_columns(spectrum, transfer, padding, x0, x1):
    """Columns [x0, x1): transformed, multiplied and transformed back; what lies behind the image is left out.

    transfer holds a column of the spectrum in each row, so that a block of it lies together.
    """
    h, step = spectrum.shape[0], _lines(transfer.shape[1])
    for x in range(x0, x1, step):
        stop = min(x + step, x1)
        columns = spectrum[:, x:stop].T
        if padding == "reflect":
            columns = np.concatenate([columns, columns[:, ::-1]], axis=1)
        product = np.fft.fft(columns, transfer.shape[1])
        product *= transfer[x:stop]
        spectrum[:, x:stop] = np.fft.ifft(product)[:, :h].T


def restore_rows(spectrum, plane, padding, y0, y1):
    """Rows [y0, y1) of the result."""
    w, step = plane.shape[1], _lines(spectrum.shape[1])
    for y in range(y0, y1, step):
        stop = min(y + step, y1)
        plane[y:stop] = np.fft.irfft(spectrum[y:stop], 2 * w if padding else w)[:, :w]


def frequency_filter(cpu, src, dst, cn, transfer, padding):
    """Plan: bands of rows, of columns and of rows again, one channel after the other.

    transfer is the half with non-negative horizontal frequencies, a column of the spectrum in each row; padding is
    empty, "reflect" or "zero" and means twice the height and width.
    """
    h, n = src.shape
    w = n // cn
    half, length = transfer.shape
    rows = cpu.split(h, 5.0 * half)
    columns = cpu.split(half, 10.0 * length)
    spectrum = np.empty((h, half), np.complex128)
    for c in range(cn):
        cpu.calls(transform_rows, src[:, c::cn], spectrum, padding, bands=rows)
        cpu.calls(filter_columns, spectrum, transfer, padding, bands=columns)
        cpu.calls(restore_rows, spectrum, dst.reshape(h, w, cn)[..., c], padding, bands=rows)
