"""Pixels at the ends of a row, whose neighbours come from the border.

A row of the image is a row of w * cn values; the neighbours of element e to the left and right lie cn values away.
"""

from cvkit_math.borders import CONSTANT, source_index
from numba import int16

from cvkit_cpu.jit import kernel
from cvkit_cpu.views import get


@kernel
def pixel(row, e):
    """Element e as int16, or 0 for -1."""
    return int16(get(row, e)) if e >= 0 else int16(0)


@kernel
def stand_ins(n, cn, border):
    """The first elements of the pixels that stand for those left of a row and right of it, or -1 for zeros."""
    if border == CONSTANT:
        return -1, -1
    w = n // cn
    return source_index(-1, w, border) * cn, source_index(w, w, border) * cn


@kernel
def left_of(e, cn, left):
    """The element beside e on its left, ``left`` being the stand-in; -1 for a 0."""
    return e - cn if e >= cn else (left + e if left >= 0 else -1)


@kernel
def right_of(e, n, cn, right):
    """The element beside e on its right, ``right`` being the stand-in; -1 for a 0."""
    return e + cn if e + cn < n else (right + e - (n - cn) if right >= 0 else -1)
