"""Two neighbouring pixels of uint8 or uint16 as one number of twice the width.

Widening pixels one by one is dear in vectors, and so is narrowing the results. Taken by two, the even and the odd ones
come apart by a mask and a shift, into vectors that are as wide as the sums need, and go back by the same.
"""

import sys

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

from cvkit_cpu.views import written_scope

WIDE = {types.uint8: types.uint16, types.uint16: types.uint32}
EVEN_IS_LOW = sys.byteorder == "little"


def _row(array):
    if not (isinstance(array, types.Array) and (array.ndim, array.layout) == (1, "C") and array.dtype in WIDE):
        raise TypingError(f"a contiguous row of uint8 or uint16, not {array}")


def _place(context, builder, kind, array, index):
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(builder.bitcast(data, ir.IntType(2 * kind.dtype.bitwidth).as_pointer()), [index])


@intrinsic
def get_pair(context, array, i):
    """Elements 2 i and 2 i + 1 as one number; the array is one that the same kernel never writes by ``put_pair``."""
    _row(array)

    def build(context, builder, signature, args):
        loaded = builder.load(_place(context, builder, signature.args[0], *args))
        loaded.align = array.dtype.bitwidth // 8
        loaded.set_metadata("noalias", written_scope(builder))
        return loaded

    return WIDE[array.dtype](array, types.intp), build


@intrinsic
def put_pair(context, array, i, value):
    """The reverse of get_pair."""
    _row(array)

    def build(context, builder, signature, args):
        stored = builder.store(args[2], _place(context, builder, signature.args[0], *args[:2]))
        stored.align = array.dtype.bitwidth // 8
        stored.set_metadata("alias.scope", written_scope(builder))
        return context.get_dummy_value()

    return types.none(array, types.intp, WIDE[array.dtype]), build


def _half(name, low):
    @intrinsic
    def half(context, pair):
        def build(context, builder, signature, args):
            bits = pair.bitwidth // 2
            if low:
                return builder.and_(args[0], ir.Constant(args[0].type, (1 << bits) - 1))
            return builder.lshr(args[0], ir.Constant(args[0].type, bits))

        return pair(pair), build

    half.__name__ = half.__qualname__ = name
    return half


# The elements of a pair, as wide as the pair.
even, odd = _half("even", EVEN_IS_LOW), _half("odd", not EVEN_IS_LOW)


def _quotients(name, shift):
    @intrinsic
    def quotients(context, first, second):
        def build(context, builder, signature, args):
            kind, bits = args[0].type, first.bitwidth // 2
            low, high = args if EVEN_IS_LOW else args[::-1]
            low = builder.lshr(low, ir.Constant(kind, shift))
            high = builder.shl(high, ir.Constant(kind, bits - shift))
            return builder.or_(low, builder.and_(high, ir.Constant(kind, ((1 << bits) - 1) << bits)))

        return first(first, second), build

    quotients.__name__ = quotients.__qualname__ = name
    return quotients


# The pair of the 16th and of the 256th parts of two numbers, which fit in elements.
pair_of_16ths, pair_of_256ths = _quotients("pair_of_16ths", 4), _quotients("pair_of_256ths", 8)
