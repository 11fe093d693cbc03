"""Rows of an image and what lies around them."""

from cvkit_math.borders import CONSTANT, source_index

from cvkit_cpu.jit import inlined, kernel


@kernel
def row_index(y, h, border):
    """Row of the image that stands for row y, or -1 for the constant outside."""
    if border == CONSTANT and (y < 0 or y >= h):
        return -1
    return source_index(y, h, border)


@inlined
def row_at(src, outside, y, border):
    """Row y of the image, which may lie beyond it. Inlined, as a kernel returns no array."""
    i = row_index(y, src.shape[0], border)
    return outside if i < 0 else src[i]


@kernel
def fill_ends(row, pad, cn, border):
    """Fill the pad values at either end of a row from the pixels that the border stands for."""
    inner = row[pad:]
    n = inner.size - pad
    w = n // cn
    for i in range(1, pad // cn + 1):
        left, right = pad - cn * i, n + cn * (i - 1)
        if border == CONSTANT:
            row[left : left + cn] = 0
            inner[right : right + cn] = 0
        else:
            p, q = cn * source_index(-i, w, border), cn * source_index(w - 1 + i, w, border)
            for c in range(cn):
                row[left + c] = inner[p + c]
                inner[right + c] = inner[q + c]


@kernel
def row_starts(y0, y1, h, border, mask, length, starts):
    """Where rows y0 to y1 - 1, which may lie beyond an image of h rows, start in it; -1 is a row of the constant. How
    many they are.

    Row y of the image is the one numbered y & mask in memory.
    """
    for y in range(y0, y1):
        if border == CONSTANT and (y < 0 or y >= h):
            starts[y - y0] = -1
        else:
            starts[y - y0] = (source_index(y, h, border) & mask) * length
    return y1 - y0
