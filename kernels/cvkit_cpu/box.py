"""Box filters on the CPU.

A window's sum costs the same for every size of window. Whole numbers: the sums down the columns move one row at a time,
the sums along the row grow by a factor of four a pass, all of it in lanes as narrow as the sums allow. Floats: see
box_floats, where the order of the additions is OpenCV's.
"""

from functools import cache

import numpy as np
from cvkit_math.box import fixed_point_division, in_floats, sums_anew, vector_values

from cvkit_cpu.box_floats import row_starts_band, stripe_anew, stripe_running
from cvkit_cpu.box_gray import mean_gray_band
from cvkit_cpu.box_rounding import cut_row_u8, finish_row, mean_row, mean_row_u8
from cvkit_cpu.box_windows import along_row, find_ends, grow_part, pad_row, part_of, slide, slide_squares
from cvkit_cpu.jit import kernel

MOST_U16 = 65535 // 255  # values of uint8 whose sum uint16 holds


@kernel
def mean_u8_band(src, dst, window, division, vectors, ends, lines, y0, y1):
    """Rows [y0, y1) of uint8 from uint8 for windows of up to 256 pixels: every sum fits in uint16.

    window is (cn, kw, kh, x and y of the anchor, border); lines are 3 rows of w * cn values and the padding.
    """
    cn, kw, kh, ax, ay, border = window
    n = src.shape[1]
    row = lines[0]
    inner = row[ax * cn : ax * cn + n]
    find_ends(ends, n // cn, ax, kw - 1 - ax, cn, border)
    for y in range(y0, y1):
        slide(src, inner, y - ay, kh, border, y == y0)
        pad_row(row, ends, ax * cn)
        mean_row_u8(dst[y], lines[grow_part(lines, kw, cn)], row, kw, cn, division)
        if kw * kh == 2:
            cut_row_u8(row, dst[y], vectors, kw, cn)


@kernel
def sums_band(src, dst, window, vectors, scale, normalize, ends, lines, total, y0, y1):
    """Rows [y0, y1) from whole numbers: the column sums in the type of lines, those of the windows in int32.

    window and lines as above; lines also hold the sums of part of a window's columns.
    """
    cn, kw, kh, ax, ay, border = window
    n = src.shape[1]
    inner = lines[0][ax * cn : ax * cn + n]
    find_ends(ends, n // cn, ax, kw - 1 - ax, cn, border)
    for y in range(y0, y1):
        slide(src, inner, y - ay, kh, border, y == y0)
        pad_row(lines[0], ends, ax * cn)
        along_row(lines, total, kw, cn)
        finish_row(total, dst[y], vectors, scale, normalize)


@kernel
def means_band(src, dst, window, vectors, scale, ends, lines, y0, y1):
    """As sums_band, for means in the type of src over windows of 3 or 4 m + 1 columns."""
    cn, kw, kh, ax, ay, border = window
    n = src.shape[1]
    inner = lines[0][ax * cn : ax * cn + n]
    find_ends(ends, n // cn, ax, kw - 1 - ax, cn, border)
    for y in range(y0, y1):
        slide(src, inner, y - ay, kh, border, y == y0)
        pad_row(lines[0], ends, ax * cn)
        mean_row(dst[y], lines[grow_part(lines, kw, cn)], lines[0], kw, cn, vectors, scale)


@kernel
def squares_band(src, dst, window, vectors, scale, normalize, ends, lines, total, y0, y1):
    """As sums_band, of the squares of uint8, in int32."""
    cn, kw, kh, ax, ay, border = window
    n = src.shape[1]
    inner = lines[0][ax * cn : ax * cn + n]
    find_ends(ends, n // cn, ax, kw - 1 - ax, cn, border)
    for y in range(y0, y1):
        slide_squares(src, inner, total, y - ay, kh, border, y == y0)
        pad_row(lines[0], ends, ax * cn)
        along_row(lines, total, kw, cn)
        finish_row(total, dst[y], vectors, scale, normalize)


def blur(cpu, src, dst, cn, ksize, anchor, border):
    """Plan: the mean of each window."""
    box_filter(cpu, src, dst, cn, ksize, anchor, border, True)


def box_filter(cpu, src, dst, cn, ksize, anchor, border, normalize):
    """Plan: the mean or the sum of each window; bands of rows for whole numbers, stripes of columns for floats."""
    (kw, kh), (h, n) = ksize, src.shape
    normalize = normalize and kw * kh > 1
    window = (cn, kw, kh, *anchor, border)
    length = n + (kw - 1) * cn
    ends = ((kw - 1) * cn, np.intp)
    scale = 1.0 / (kw * kh)
    if in_floats(src.dtype, kw * kh, normalize):
        _floats(cpu, src, dst, window, scale if normalize else 1.0, False)
    elif normalize and kw * kh <= 256 and dst.dtype.char == src.dtype.char == "B" and cn == 1 and kw in (3, 5):
        scratch = (ends, ((2, n // 2 + 6), np.uint16))
        cpu.bands(mean_gray_band, src, dst, window, division(kw * kh), bands=cpu.split(h, n * 0.12), scratch=scratch)
    elif normalize and kw * kh <= 256 and dst.dtype.char == src.dtype.char == "B":
        arguments = (src, dst, window, division(kw * kh), vector_values(n, dst.dtype, fixed_point=True))
        bands = cpu.split(h, n * (0.2 if kw <= 6 else 0.3))
        cpu.bands(mean_u8_band, *arguments, bands=bands, scratch=(ends, ((3, length), np.uint16)))
    else:
        narrow = src.dtype == np.uint8 and max(part_of.py_func(kw), 1) * kh <= MOST_U16
        lines = ((3, length), np.uint16 if narrow else np.int32)
        vectors = vector_values(n, dst.dtype)
        if normalize and src.dtype == dst.dtype and src.dtype.itemsize == 2 and (kw == 3 or kw % 4 == 1 < kw):
            bands = cpu.split(h, n * 0.3)
            cpu.bands(means_band, src, dst, window, vectors, scale, bands=bands, scratch=(ends, lines))
            return
        arguments = (src, dst, window, vectors, scale, normalize)
        cpu.bands(sums_band, *arguments, bands=cpu.split(h, n * 0.5), scratch=(ends, lines, (n, np.int32)))


def sqr_box_filter(cpu, src, dst, cn, ksize, anchor, border, normalize):
    """Plan: as box_filter, of the squares."""
    (kw, kh), (h, n) = ksize, src.shape
    normalize = normalize and kw * kh > 1
    window = (cn, kw, kh, *anchor, border)
    scale = 1.0 / (kw * kh)
    if src.dtype != np.uint8:
        _floats(cpu, src, dst, window, scale if normalize else 1.0, True)
        return
    length = n + (kw - 1) * cn
    scratch = (((kw - 1) * cn, np.intp), ((3, length), np.int32), (n, np.int32))
    arguments = (src, dst, window, vector_values(n, dst.dtype), scale, normalize)
    cpu.bands(squares_band, *arguments, bands=cpu.split(h, n * 0.5), scratch=scratch)


@cache
def division(area):
    """(half, multiplier, shift) with (s + half) * multiplier >> 16 >> shift == OpenCV's division of s by an area of
    2 to 256, which is by a product with 23 bits, for every sum s of as many values of uint8.
    """
    sums = np.arange(255 * area + 1)
    half, multiplier = fixed_point_division(area)
    wanted = (sums + half) * multiplier >> 23
    for shift in range(9):
        for multiplier in ((1 << 16 + shift) // area, -(-(1 << 16 + shift) // area)):
            for half in (area // 2, area // 2 + 1):
                fits = multiplier < 1 << 16 and 255 * area + half < 1 << 16
                if fits and np.array_equal((sums + half) * multiplier >> 16 + shift, wanted):
                    return half, multiplier, shift
    raise AssertionError(area)  # there is one for each area, which a test goes through


def _floats(cpu, src, dst, window, scale, square):
    """Stripes of columns; where sums run along the rows, first their values at the left edge of each stripe."""
    cn, kw, kh = window[:3]
    h, n = src.shape
    w = n // cn
    anew = not square and sums_anew(src.dtype, dst.dtype, kw, kh)
    stripes = cpu.split(w, h * cn * (0.8 if anew else 1.2))
    widest = max(x1 - x0 for x0, x1 in stripes) * cn
    scratch = ((widest + (kw - 1) * cn, src.dtype), (widest, np.float64), ((kh + 3, widest), np.float64))
    if anew:
        cpu.bands(stripe_anew, src, dst, window, scale, bands=stripes, scratch=scratch)
        return
    starts = np.empty((h, len(stripes) * cn) if len(stripes) > 1 else (1, cn))
    if len(stripes) > 1:
        row = ((n + (kw - 1) * cn, src.dtype), ((4, n), np.float64))
        cpu.bands(row_starts_band, src, starts, window, square, bands=cpu.split(h, n * 0.6), scratch=row)
    cpu.bands(stripe_running, src, dst, window, scale, square, starts, bands=stripes, scratch=scratch)
