"""Arithmetic of linear filters on the GPU with every rounding in its place.

The compiler would fuse any multiplication with the addition behind it, so both are named here: ``fused`` rounds once,
``product`` and ``total`` are never fused. The bodies below are what Numba's simulator runs; compiled kernels take the
overloads, chosen by the types of the operands.
"""

from fractions import Fraction

import numpy as np
from numba import cuda, float32, float64, int16, int32, types, uint8, uint16

SIMULATED = bool(cuda.config.ENABLE_CUDASIM)


def fused(a, b, c):
    """a * b + c with one rounding; integers wrap."""
    if isinstance(a, np.int32):
        total = (int(a) * int(b) + int(c) + 2**31) % 2**32 - 2**31
        return np.int32(total)
    if not (np.isfinite(a) and np.isfinite(b) and np.isfinite(c)):
        return type(a)(a * b + c)
    return type(a)(float(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))))


def product(a, b):
    """a * b, rounded."""
    return type(a)(a * b)


def total(a, b):
    """a + b, rounded."""
    return type(a)(a + b)


def pixel(value, dst):
    """A float rounded half to even and clamped to the integer type of an array; one of floats takes it as it is.

    What is no int32 when rounded, and NaN, becomes the smallest value, as on the CPU.
    """
    if np.issubdtype(dst.dtype, np.floating):
        return value
    limits = np.iinfo(dst.dtype)
    if not value < 2147483647.5:
        return limits.min
    return int(np.rint(min(max(value, type(value)(limits.min)), type(value)(limits.max))))


if not SIMULATED:
    from numba.cuda import libdevice
    from numba.extending import overload

    @overload(fused, target="cuda")
    def _fused(a, b, c):
        if a == types.float32:
            return lambda a, b, c: libdevice.fmaf_rn(a, b, c)
        if a == types.float64:
            return lambda a, b, c: libdevice.fma_rn(a, b, c)
        return lambda a, b, c: int32(int32(a * b) + c)

    @overload(product, target="cuda")
    def _product(a, b):
        if a == types.float32:
            return lambda a, b: libdevice.fmul_rn(a, b)
        if a == types.float64:
            return lambda a, b: libdevice.dmul_rn(a, b)
        return lambda a, b: int32(a * b)

    @overload(total, target="cuda")
    def _total(a, b):
        if a == types.float32:
            return lambda a, b: libdevice.fadd_rn(a, b)
        if a == types.float64:
            return lambda a, b: libdevice.dadd_rn(a, b)
        return lambda a, b: int32(a + b)

    INTEGERS = {types.uint8: uint8, types.uint16: uint16, types.int16: int16}

    @overload(pixel, target="cuda")
    def _pixel(value, dst):
        like = dst.dtype
        if isinstance(like, types.Float):
            return lambda value, dst: value
        low, high, integer = like.minval, like.maxval, INTEGERS[like]
        if value == types.float32:

            def clamped(value, dst):
                if not value < float32(2147483648.0):
                    return integer(low)
                return integer(int32(libdevice.rintf(min(max(value, float32(low)), float32(high)))))

        else:

            def clamped(value, dst):
                if not value < float64(2147483647.5):
                    return integer(low)
                return integer(int32(libdevice.rint(min(max(value, float64(low)), float64(high)))))

        return clamped
