"""Arithmetic on coordinates that are int32 or float32."""

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic, overload


@intrinsic
def plus(context, a, b):
    """a + b in the type of both; integers wrap."""
    if a != b:
        raise TypingError(f"plus: operands of one type, not {a} and {b}")
    method = "fadd" if isinstance(a, types.Float) else "add"
    return a(a, a), lambda context, builder, signature, args: getattr(builder, method)(*args)


@intrinsic
def minus(context, a, b):
    """a - b in the type of both; integers wrap."""
    if a != b:
        raise TypingError(f"minus: operands of one type, not {a} and {b}")
    method = "fsub" if isinstance(a, types.Float) else "sub"
    return a(a, a), lambda context, builder, signature, args: getattr(builder, method)(*args)


@intrinsic
def ordered(context, value):
    """An int32 that is larger where the float32 or int32 is, and the same where they are equal."""
    if value not in (types.int32, types.float32):
        raise TypingError(f"ordered: int32 or float32, not {value}")

    def build(context, builder, signature, args):
        if value == types.int32:
            return args[0]
        word = ir.IntType(32)
        bits = builder.bitcast(builder.fadd(args[0], ir.Constant(ir.FloatType(), 0.0)), word)  # -0 becomes 0
        sign = builder.ashr(bits, ir.Constant(word, 31))
        return builder.xor(bits, builder.and_(sign, ir.Constant(word, 0x7FFFFFFF)))

    return types.int32(value), build


@intrinsic
def sort_key(context, x, y):
    """An unsigned number by which points are sorted by x, then by y; x and y as ``ordered`` gives them."""

    def build(context, builder, signature, args):
        wide, sign = ir.IntType(64), ir.Constant(ir.IntType(32), 0x80000000)
        high, low = (builder.zext(builder.xor(arg, sign), wide) for arg in args)
        return builder.or_(builder.shl(high, ir.Constant(wide, 32)), low)

    return types.uint64(types.int32, types.int32), build


def is_float(value):
    """Whether a number is a float, known when a kernel is compiled."""


@overload(is_float)
def _(value):
    result = isinstance(value, types.Float)
    return lambda value: result
