"""Erosion and dilation by a rectangle, whose time hardly grows with its size.

A row of the result is first made down the columns, then along the row. Down the columns four rows of the result share
what lies in their windows; tall windows go by blocks of as many rows (M. van Herk, A fast algorithm for local
minimum and maximum filters, Pattern Recognition Letters 13, 1992): every window is the end of one block and the
beginning of the next, and both are known for all rows after one pass up and one pass down. Along the row windows grow
from smaller ones, which is what vectors can do.
"""

from cvkit_math.borders import CONSTANT

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.morphology_rows import (
    ALONE,
    best_2,
    best_3,
    best_5,
    combine,
    fill_ends,
    four_of_3,
    four_of_5,
    grow,
    suffixes,
    two_prefixes,
)
from cvkit_cpu.rows import row_starts
from cvkit_cpu.views import ALIGNMENT, apart, first_aligned, read, read_or, written


def scratch_size(length, kw, kh, cn):
    """Values of scratch for ``rectangle_rows``."""
    return (7 + kh) * _stride(length, kw, cn) + ALIGNMENT


def _stride(length, kw, cn):
    return -(-(length + (kw - 1) * cn) // ALIGNMENT) * ALIGNMENT + ALIGNMENT


def kind_of(kh):
    """``low`` and ``tall`` for ``rectangle_rows``, of which one is None, so that the other's code is not compiled."""
    return (kh, None) if kh <= 3 or kh == 5 else (None, kh)


@kernel
def rectangle_rows(
    src, mask, h, dst, to, window, low, tall, cn, border, outside, which, turn, other, scratch, starts, y0, y1
):
    """Rows [y0, y1) of the result for a rectangle, turned; ``window`` is its width, height and anchor (x, y), and
    its height comes again as ``low`` or ``tall``. ``other``, unless None, is for ``combine``: image, mask and how.

    Row y of the source is the one numbered y & mask in src, and row y of the result y & to in dst; ``outside`` is a row
    of what lies outside the image.
    """
    apart()
    kw, kh, ax, ay = window
    n = dst.shape[1]
    left, right = ax * cn, (kw - 1 - ax) * cn
    lead = (left + 63) // 64 * 64
    stride = (n + left + right + 63) // 64 * 64 + 64
    base = first_aligned(scratch)
    best_so_far = written(scratch, base + 4 * stride, n)
    spare = written(scratch, base + 5 * stride, 2 * stride)
    blocks = base + 7 * stride
    as_it_is = typed.bit_xor(turn, turn)
    along = kw > 1 or turn != as_it_is
    if other is not None:
        along = along or other[2] != ALONE
    if along and border == CONSTANT:
        for k in range(4):
            fill_ends(scratch, base + k * stride + lead, n, left, right, cn, border, outside)
    last = row_starts(y0 - ay, y1 - ay + kh, h, border, mask, n, starts) - 1
    y = y0
    while y < y1:
        i = y - y0  # of the first row of the window in starts
        count = min(2 if low is None else 4, y1 - y)  # of rows that are made together
        o0 = written(scratch, base + lead, n)
        o1 = written(scratch, base + stride + lead, n)
        o2 = written(scratch, base + 2 * stride + lead, n)
        o3 = written(scratch, base + 3 * stride + lead, n)
        if not along:
            o0 = written(dst, (y & to) * n, n)
            o1 = written(dst, ((y + 1) & to) * n, n) if count > 1 else o1
            o2 = written(dst, ((y + 2) & to) * n, n) if count > 2 else o2
            o3 = written(dst, ((y + 3) & to) * n, n) if count > 3 else o3
        if low is not None:
            if kh <= 2:
                a, b = read_or(src, starts[i], n, outside), read_or(src, starts[i + kh - 1], n, outside)
                best_2(a, b, o0, which, as_it_is)
                count = 1
            else:
                a = read_or(src, starts[i], n, outside)
                b = read_or(src, starts[i + 1], n, outside)
                c = read_or(src, starts[i + 2], n, outside)
                d = read_or(src, starts[min(i + 3, last)], n, outside)
                e = read_or(src, starts[min(i + 4, last)], n, outside)
                f = read_or(src, starts[min(i + 5, last)], n, outside)
                if kh == 3:
                    four_of_3(a, b, c, d, e, f, o0, o1, o2, o3, which)
                else:
                    g = read_or(src, starts[min(i + 6, last)], n, outside)
                    p = read_or(src, starts[min(i + 7, last)], n, outside)
                    four_of_5(a, b, c, d, e, f, g, p, o0, o1, o2, o3, which)
        if tall is not None:
            down = read_or(src, starts[i + kh - 1], n, outside)
            behind = read_or(src, starts[i + kh], n, outside)
            j = i % kh
            ends = read(scratch, blocks + j * stride, n)
            if j == 0:
                best_2(down, down, written(scratch, blocks + (kh - 1) * stride, n), which, as_it_is)
                k = kh - 1
                while k > 0:
                    at = blocks + k * stride
                    d = read_or(src, starts[i + k - 1], n, outside)
                    below = read(scratch, at, n)
                    if k < 4:
                        best_2(d, below, written(scratch, at - stride, n), which, as_it_is)
                        k -= 1
                    else:
                        suffixes(
                            read_or(src, starts[i + k - 4], n, outside),
                            read_or(src, starts[i + k - 3], n, outside),
                            read_or(src, starts[i + k - 2], n, outside),
                            d,
                            below,
                            written(scratch, at - 4 * stride, n),
                            written(scratch, at - 3 * stride, n),
                            written(scratch, at - 2 * stride, n),
                            written(scratch, at - stride, n),
                            which,
                        )
                        k -= 4
                best_2(ends, ends, o0, which, as_it_is)
                best_2(down, down, best_so_far, which, as_it_is)  # is in all of the windows that follow
                count = 1
            elif j + 1 < kh and count == 2:
                two_prefixes(
                    down, behind, best_so_far, ends, read(scratch, blocks + (j + 1) * stride, n), o0, o1, which
                )
            else:  # the last one of a block has no use for the second
                two_prefixes(down, down, best_so_far, ends, ends, o0, o1, which)
                count = 1
        if along:
            for k in range(count):
                row = base + k * stride + lead
                if border != CONSTANT:
                    fill_ends(scratch, row, n, left, right, cn, border, outside)
                t = read(scratch, row - left, n + left + right)
                out = written(dst, ((y + k) & to) * n, n)
                if kw == 3:
                    best_3(t, read(t, cn, n), read(t, 2 * cn, n), out, which, turn)
                elif kw == 5:
                    b, c, d, e = read(t, cn, n), read(t, 2 * cn, n), read(t, 3 * cn, n), read(t, 4 * cn, n)
                    best_5(t, b, c, d, e, out, which, turn)
                else:
                    grow(t, spare, out, kw, cn, which, turn)
                if other is not None:
                    image, its, how = other
                    if how != ALONE:
                        combine(image, ((y + k) & its) * n, out, how)
        y += count
