"""Erosion and dilation by any flat element, as the runs of pixels that its rows consist of.

For every row of the source the best of each window as long as one of the runs is made once, each length from the one
before, and kept while the element passes over it. A pixel of the result is then the best of one value a run, not of one
a pixel of the element.
"""

import numpy as np
from cvkit_math.borders import CONSTANT, source_index

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.morphology_rows import ALONE, best_2, best_5, combine, more_4
from cvkit_cpu.rows import row_starts
from cvkit_cpu.views import ALIGNMENT, apart, first_aligned, get, put, read, read_or, written

KEPT = 1 << 18  # bytes of windows to keep, which the second level of a processor's cache holds
NARROWEST = 256  # pixels side by side: below, too much is made twice


def plan_of(element):
    """Window lengths, each at most twice the one before, from 1 on; and for each run its row, its first column and the
    number of its length: 5, 9, 13 ... of them, as some may come twice.
    """
    whole = [(row, 0, element.width) for row in range(element.height)]
    runs = whole if element.runs is None else element.runs
    lengths = [1]
    for length in sorted({length for _, _, length in runs}):
        while lengths[-1] * 2 < length:
            lengths.append(lengths[-1] * 2)
        if length > lengths[-1]:
            lengths.append(length)
    table = [(row, start, lengths.index(length)) for row, start, length in runs]
    table += [table[-1]] * ((5 - len(table)) % 4 if len(table) > 5 else 5 - len(table))
    return np.array(lengths, np.intp), np.array(table, np.intp)


def tile_width(n, lengths, element, cn, size):
    """Values side by side for which the windows of all rows of the element are made at once."""
    room = KEPT // (size * element.height * len(lengths)) - (element.width - 1) * cn
    return min(n, max(room, NARROWEST * cn) // cn * cn)


def scratch_size(tile, lengths, element, cn):
    """Values of scratch for ``runs_rows``."""
    return element.height * len(lengths) * _stride(tile, element.width, cn) + ALIGNMENT


def _stride(tile, kw, cn):
    return -(-(tile + (kw - 1) * cn) // ALIGNMENT) * ALIGNMENT


@kernel
def lay_out(row, x0, cn, border, outside, out):
    """The values of a row from number x0 on, some of which may lie beyond its ends."""
    n = row.size
    w = n // cn
    before = min(max(-x0, 0), out.size)
    inside = max(min(n - x0, out.size), before)
    for x in range(before, inside):
        put(out, x, get(row, x0 + x))
    for i in range(before + out.size - inside):
        x = i if i < before else inside + i - before
        p = (x0 + x) // cn
        c = x0 + x - p * cn
        out[x] = outside[c] if border == CONSTANT else row[source_index(p, w, border) * cn + c]


@kernel
def runs_rows(src, mask, h, dst, to, window, runs, cn, border, outside, which, turn, other, scratch, starts, y0, y1):
    """Rows [y0, y1) of the result for any element, turned; ``window`` is its width, height and anchor (x, y), ``runs``
    what ``plan_of`` gives and the ``tile_width``, ``other`` as for ``rectangle_rows``.

    Row y of the source is the one numbered y & mask in src, and row y of the result y & to in dst; ``outside`` is a row
    of what lies outside the image.
    """
    apart()
    kw, kh, ax, ay = window
    lengths, table, tile = runs
    as_it_is = typed.bit_xor(turn, turn)
    n = dst.shape[1]
    stride = (tile + (kw - 1) * cn + 63) // 64 * 64
    levels = lengths.size
    base = first_aligned(scratch)
    row_starts(y0 - ay, y1 - ay + kh, h, border, mask, n, starts)
    for c0 in range(0, n, tile):
        size = min(tile, n - c0)
        whole = size + (kw - 1) * cn
        made = 0  # rows from y0 - ay on
        for y in range(y0, y1):
            first = y - y0
            while made < first + kh:
                at = base + made % kh * levels * stride
                row = read_or(src, starts[made], n, outside)
                lay_out(row, c0 - ax * cn, cn, border, outside, written(scratch, at, whole))
                for k in range(1, levels):
                    m = whole - (lengths[k] - 1) * cn
                    further = at + (lengths[k] - lengths[k - 1]) * cn
                    at, last = at + stride, at
                    best_2(read(scratch, last, m), read(scratch, further, m), written(scratch, at, m), which, as_it_is)
                made += 1
            out = written(dst, (y & to) * n + c0, size)
            place_in_turn = first % kh
            place = base + place_in_turn * levels * stride
            around = kh * levels * stride
            k = 0
            while k < table.shape[0]:
                a = place + (table[k, 0] * levels + table[k, 2]) * stride + table[k, 1] * cn
                b = place + (table[k + 1, 0] * levels + table[k + 1, 2]) * stride + table[k + 1, 1] * cn
                c = place + (table[k + 2, 0] * levels + table[k + 2, 2]) * stride + table[k + 2, 1] * cn
                d = place + (table[k + 3, 0] * levels + table[k + 3, 2]) * stride + table[k + 3, 1] * cn
                a -= around if place_in_turn + table[k, 0] >= kh else 0
                b -= around if place_in_turn + table[k + 1, 0] >= kh else 0
                c -= around if place_in_turn + table[k + 2, 0] >= kh else 0
                d -= around if place_in_turn + table[k + 3, 0] >= kh else 0
                rows = (read(scratch, a, size), read(scratch, b, size), read(scratch, c, size), read(scratch, d, size))
                at_the_end = k + (5 if k == 0 else 4) == table.shape[0]
                by = turn if at_the_end else as_it_is
                if k == 0:
                    e = place + (table[4, 0] * levels + table[4, 2]) * stride + table[4, 1] * cn
                    e -= around if place_in_turn + table[4, 0] >= kh else 0
                    best_5(rows[0], rows[1], rows[2], rows[3], read(scratch, e, size), out, which, by)
                    k = 5
                else:
                    more_4(rows[0], rows[1], rows[2], rows[3], out, which, by)
                    k += 4
            if other is not None:
                image, its, how = other
                if how != ALONE:
                    combine(image, (y & its) * n + c0, out, how)
