"""What the GPU kernels of morphology do with single values: the better of two, the border, the difference at the end.

``finished`` and ``turned`` have a body for Numba's simulator and overloads, chosen by the type of the pixels, for
compiled kernels.
"""

import numpy as np
from cvkit_math.borders import CONSTANT, source_index
from numba import cuda, int32, types, uint32

# What becomes of a step: the result itself, its difference from another image, or that image where it is not set.
ALONE, FROM_OTHER, LESS_OTHER, OTHER_WITHOUT = 0, 1, 2, 3


@cuda.jit(device=True)
def best(a, b, most):
    """The lesser of two values, or the greater."""
    if most != int32(0):
        return a if a > b else b
    return a if a < b else b


@cuda.jit(device=True)
def beyond(y, e, h, length, border):
    """Whether a value lies outside the image, where that has a value of its own."""
    return border == int32(CONSTANT) and (y < int32(0) or y >= h or e < int32(0) or e >= length)


@cuda.jit(device=True)
def channel_of(e, margin, cn):
    """The channel of value e of a row, which lies at most ``margin`` pixels before it."""
    return int32(uint32(e + int32(margin * cn)) % uint32(cn))


@cuda.jit(device=True)
def value_of(e, length, margin, cn, border):
    """The value of a row that stands for e, which lies at most ``margin`` pixels before it or somewhere behind."""
    if e >= int32(0) and e < length:
        return e
    c = channel_of(e, margin, cn)
    pixel = int32(int32(uint32(e + int32(margin * cn)) // uint32(cn)) - margin)
    w = int32(uint32(length) // uint32(cn))
    return int32(int32(int32(source_index(pixel, w, border)) * cn) + c)


def finished(value, other, how):
    """What becomes of a value beside that of another image; differences are saturated."""
    if isinstance(value, np.floating):
        with np.errstate(over="ignore"):
            return value if how == ALONE else other - value if how == FROM_OTHER else value - other
    v, o, limits = int(value), int(other), np.iinfo(value.dtype)
    if how == OTHER_WITHOUT:
        return type(value)(o & (255 - v))
    if how != ALONE:
        v = min(max(o - v if how == FROM_OTHER else v - o, limits.min), limits.max)
    return type(value)(v)


def turned(value):
    """What stands for a value in an order turned around: the greatest of values is the least of the turned ones."""
    if isinstance(value, np.floating):
        return -value
    limits = np.iinfo(value.dtype)
    return type(value)(int(limits.min) + int(limits.max) - int(value))


if not cuda.config.ENABLE_CUDASIM:
    from numba.extending import overload

    @overload(finished, target="cuda")
    def _finished(value, other, how):
        if isinstance(value, types.Float):

            def of_floats(value, other, how):
                if how == int32(FROM_OTHER):
                    return other - value
                return value - other if how == int32(LESS_OTHER) else value

            return of_floats

        low, high = value.minval, value.maxval

        def of_integers(value, other, how):
            v, o = int32(value), int32(other)
            if how == int32(OTHER_WITHOUT):
                return int32(o & int32(int32(255) - v))
            if how == int32(FROM_OTHER):
                v = int32(o - v)
            elif how == int32(LESS_OTHER):
                v = int32(v - o)
            return min(max(v, int32(low)), int32(high))

        return of_integers

    @overload(turned, target="cuda")
    def _turned(value):
        if isinstance(value, types.Float):
            return lambda value: -value
        ends = value.minval + value.maxval
        return lambda value: int32(int32(ends) - int32(value))
