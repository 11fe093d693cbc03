"""The morphological gradient by a rectangle of 3 or 5 rows and columns: the dilated image less the eroded one.

Rows are first made along the row, where the least and the greatest share what is loaded from anywhere, and then down
the columns, where four rows of the result share what lies in their windows.
"""

import numpy as np
from cvkit_math.borders import CONSTANT, source_index

from cvkit_cpu.jit import kernel
from cvkit_cpu.morphology_rows import LEAST, MOST, best, less
from cvkit_cpu.rows import row_starts
from cvkit_cpu.views import ALIGNMENT, first_aligned, get, half_vectors, put, read

SIDES = (3, 5)
TOGETHER = 4  # rows of the result that are made together: a band has that many or more


def serves(element, h):
    """Whether an element is such a rectangle, and an image of h rows has enough of them."""
    kw, kh = element[:2]
    return element.runs is None and element.passes == 1 and kw in SIDES and kh in SIDES and h >= TOGETHER


def scratch(length, dtype, window, cn, rows):
    """For ``gradient_band``: rows that are kept, places of the values in windows at the ends of a row, row starts."""
    kept = 4 * TOGETHER * _stride(length) + ALIGNMENT
    places = (window[0] - 1) * cn * window[0]
    return ((kept, dtype), (places, np.intp), (rows + window[1], np.intp))


def _stride(length):
    """Values from one kept row to the next."""
    return -(-length // ALIGNMENT) * ALIGNMENT + ALIGNMENT


@kernel
def along_3(values, at, step, kept, low, high, size):
    """The least and the greatest of three values ``step`` apart, the first one at ``at``."""
    half_vectors()
    for x in range(size):
        a, b, c = get(values, at + x), get(values, at + step + x), get(values, at + 2 * step + x)
        put(kept, low + x, best(LEAST, best(LEAST, a, b), c))
        put(kept, high + x, best(MOST, best(MOST, a, b), c))


@kernel
def along_5(values, at, step, kept, low, high, size):
    """The least and the greatest of five values."""
    half_vectors()
    for x in range(size):
        a, b, c = get(values, at + x), get(values, at + step + x), get(values, at + 2 * step + x)
        d, e = get(values, at + 3 * step + x), get(values, at + 4 * step + x)
        put(kept, low + x, best(LEAST, best(LEAST, best(LEAST, a, b), best(LEAST, c, d)), e))
        put(kept, high + x, best(MOST, best(MOST, best(MOST, a, b), best(MOST, c, d)), e))


@kernel
def four_best_3(rows, p, q, stride, which):
    """The best of the rows a to c, b to d, c to e and d to f; the rows a to d stand from p on, and e and f from q."""
    a, b = get(rows, p), get(rows, p + stride)
    c, d = get(rows, p + 2 * stride), get(rows, p + 3 * stride)
    e, f = get(rows, q), get(rows, q + stride)
    bc, de = best(which, b, c), best(which, d, e)
    return best(which, a, bc), best(which, bc, d), best(which, c, de), best(which, de, f)


@kernel
def four_best_5(rows, p, q, stride, which):
    """The best of the rows a to e, b to f, c to g and d to h; the rows a to d stand from p on, e to h from q."""
    a, b = get(rows, p), get(rows, p + stride)
    c, d = get(rows, p + 2 * stride), get(rows, p + 3 * stride)
    e, f = get(rows, q), get(rows, q + stride)
    g, h = get(rows, q + 2 * stride), get(rows, q + 3 * stride)
    bc, de, fg = best(which, b, c), best(which, d, e), best(which, f, g)
    bcde, defg = best(which, bc, de), best(which, de, fg)
    return best(which, a, bcde), best(which, bcde, f), best(which, c, defg), best(which, defg, h)


@kernel
def down_3(kept, p, q, stride, results, at, step, size):
    """Four rows of differences, from the rows of the least from p and q on; those of the greatest follow them."""
    half_vectors()
    behind = 2 * TOGETHER * stride
    for x in range(size):
        a, b, c, d = four_best_3(kept, p + x, q + x, stride, LEAST)
        e, f, g, h = four_best_3(kept, p + behind + x, q + behind + x, stride, MOST)
        put(results, at + x, less(e, a))
        put(results, at + step + x, less(f, b))
        put(results, at + 2 * step + x, less(g, c))
        put(results, at + 3 * step + x, less(h, d))


@kernel
def down_5(kept, p, q, stride, results, at, step, size):
    """As down_3, of five rows each."""
    half_vectors()
    behind = 2 * TOGETHER * stride
    for x in range(size):
        a, b, c, d = four_best_5(kept, p + x, q + x, stride, LEAST)
        e, f, g, h = four_best_5(kept, p + behind + x, q + behind + x, stride, MOST)
        put(results, at + x, less(e, a))
        put(results, at + step + x, less(f, b))
        put(results, at + 2 * step + x, less(g, c))
        put(results, at + 3 * step + x, less(h, d))


@kernel
def end_places(n, cn, left, right, kw, border, places):
    """Which elements of a row the windows of its first ``left`` and last ``right`` values hold; -1 is the constant."""
    w, span = n // cn, left + right
    for i in range(span):
        x = i if i < left else n - span + i
        for k in range(kw):
            e = x - left + k * cn
            p = (e + span) // cn - (kw - 1)  # rounded down below 0 too
            if border == CONSTANT and (p < 0 or p >= w):
                places[i * kw + k] = -1
            else:
                places[i * kw + k] = source_index(p, w, border) * cn + (e + span) % cn


@kernel
def end_values(src, start, n, low_outside, high_outside, places, left, right, kw, kept, low, high):
    """The values at the ends of a row, whose windows reach beyond it."""
    span = left + right
    for i in range(span):
        x = i if i < left else n - span + i
        if 0 <= x < n:
            least = most = get(src, start + x)  # which is in its own window
            for k in range(i * kw, i * kw + kw):
                if places[k] < 0:
                    least, most = best(LEAST, least, low_outside[x]), best(MOST, most, high_outside[x])
                else:
                    value = get(src, start + places[k])
                    least, most = best(LEAST, least, value), best(MOST, most, value)
            kept[low + x], kept[high + x] = least, most


@kernel
def gradient_band(src, dst, window, cn, border, low_outside, high_outside, kept, places, starts, y0, y1):
    """Rows [y0, y1), TOGETHER or more of them, for a window's width, height and anchor (x, y); low_outside and
    high_outside are rows of what lies outside the image for the least and the greatest.
    """
    kw, kh, ax, ay = window
    h, n = src.shape
    left, right = ax * cn, (kw - 1 - ax) * cn
    values, results = read(src, 0, h * n), dst.reshape(h * n)
    end_places(n, cn, left, right, kw, border, places)
    rows = row_starts(y0 - ay, y1 - ay + kh - 1, h, border, -1, n, starts)
    last = y1 - TOGETHER - y0
    stride = (kept.size - ALIGNMENT) // (4 * TOGETHER)
    p = first_aligned(kept)  # four rows, and four more behind them, by turns the earlier ones
    q = p + TOGETHER * stride
    for j in range(0, y1 - y0, TOGETHER):
        i = min(j, last)
        first = i + TOGETHER if 0 < j == i else i  # at the end four rows are made in part again
        for r in range(first, min(i + 2 * TOGETHER, rows)):
            low = p + (r - i) * stride if r < i + TOGETHER else q + (r - i - TOGETHER) * stride
            high = low + 2 * TOGETHER * stride
            start = starts[r]
            if start < 0:
                for x in range(n):
                    kept[low + x], kept[high + x] = low_outside[x], high_outside[x]
                continue
            # Within the image the values at the ends come from its other rows at first: then all rows are written from
            # a line of the cache on, and read again as they were written.
            at, skipped, size = start - left, 0, n
            if at < 0 or at + n + left + right > values.size:
                at, skipped, size = start, left, n - left - right
            if kw == 3:
                along_3(values, at, cn, kept, low + skipped, high + skipped, size)
            else:
                along_5(values, at, cn, kept, low + skipped, high + skipped, size)
            end_values(values, start, n, low_outside, high_outside, places, left, right, kw, kept, low, high)
        if kh == 3:
            down_3(kept, p, q, stride, results, (y0 + i) * n, n, n)
        else:
            down_5(kept, p, q, stride, results, (y0 + i) * n, n, n)
        p, q = q, p
