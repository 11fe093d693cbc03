"""From a window's sum to a pixel of the result on the GPU, as OpenCV rounds and saturates it.

The bodies below are what Numba's simulator runs; compiled kernels take the overloads, chosen by types.
"""

import numpy as np
from numba import cuda, float32, float64, int16, int32, types, uint8, uint16

LOWEST = -(1 << 31)  # what OpenCV makes of a float that no int32 holds
SIMULATED = bool(cuda.config.ENABLE_CUDASIM)


def put(value, vector, dst):
    """An int32 or a float as an element of dst.

    Where that is an integer, floats are rounded half to even, and values are clamped; but where a vector of OpenCV's
    gives the element, a negative value counts as a large unsigned one, so that it becomes the largest of an unsigned
    type.
    """
    if np.issubdtype(dst.dtype, np.floating):
        return dst.dtype.type(value)
    whole = int(np.rint(value)) if -(2.0**31) - 0.5 <= value < 2.0**31 - 0.5 else LOWEST
    limits = np.iinfo(dst.dtype)
    if vector and limits.min == 0 and whole < 0:
        return dst.dtype.type(limits.max)
    return dst.dtype.type(min(max(whole, limits.min), limits.max))


if not SIMULATED:
    from numba.cuda import libdevice
    from numba.extending import overload

    TYPES = {types.float32: float32, types.float64: float64, types.int32: int32}
    NARROW = {types.uint8: uint8, types.uint16: uint16, types.int16: int16}

    @overload(put, target="cuda")
    def _put(value, vector, dst):
        like = dst.dtype
        if isinstance(like, types.Float) or value == like:
            kind = TYPES[like]
            return lambda value, vector, dst: kind(value)
        if value == types.int32:
            return _clamped(NARROW[like], int32(like.minval), int32(like.maxval), not like.signed)
        rounded = _rounded(value)
        if like == types.int32:
            return lambda value, vector, dst: rounded(value)
        return lambda value, vector, dst: put(rounded(value), vector, dst)

    def _clamped(kind, low, high, unsigned):
        def clamped(value, vector, dst):
            if unsigned and vector and value < low:
                return kind(high)
            return kind(min(max(value, low), high))

        return clamped

    def _rounded(value):
        kind, rint = (float32, libdevice.rintf) if value == types.float32 else (float64, libdevice.rint)
        low, high = float(-(1 << 31)), float(1 << 31)

        @cuda.jit(device=True)
        def rounded(value):
            whole = rint(value)
            if whole >= kind(low) and whole < kind(high):
                return int32(whole)
            return int32(LOWEST)

        return rounded
