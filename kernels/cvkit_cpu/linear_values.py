"""Numbers of linear filters: sums with one rounding, elements in memory, and how sums become pixels."""

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic


def _alike(name, *operands):
    if any(each != operands[0] for each in operands):
        raise TypingError(f"{name}: operands of one type, not {operands}")


@intrinsic
def multiply_add(context, a, b, c):
    """a * b + c with one rounding; integers wrap."""
    _alike("multiply_add", a, b, c)

    def build(context, builder, signature, args):
        if isinstance(a, types.Float):
            return builder.fma(*args)
        return builder.add(builder.mul(args[0], args[1]), args[2])

    return a(a, a, a), build


@intrinsic
def multiply(context, a, b):
    """a * b in the type of both."""
    _alike("multiply", a, b)

    def build(context, builder, signature, args):
        return (builder.fmul if isinstance(a, types.Float) else builder.mul)(*args)

    return a(a, a), build


@intrinsic
def landing(context, row, scratch):
    """The array for sums in the type of scratch: the row of the result itself where it has that type."""
    if row.dtype == scratch.dtype:
        return row(row, scratch), lambda context, builder, signature, args: args[0]
    return scratch(row, scratch), lambda context, builder, signature, args: args[1]


@intrinsic
def is_other_type(context, a, b):
    """Whether two arrays differ in dtype, known when the kernel is compiled."""
    constant = ir.Constant(ir.IntType(1), int(a.dtype != b.dtype))
    return types.boolean(a, b), lambda context, builder, signature, args: constant


@intrinsic
def saturated(context, value, like):
    """A float rounded half to even and clamped to the integer type of like; a float type takes it as it is.

    What is no int32 when rounded, and NaN, becomes the smallest value, as the processor's conversion gives the
    smallest int32.
    """

    def convert(context, builder, signature, args):
        return context.cast(builder, args[0], signature.args[0], signature.args[1])

    def clamp(context, builder, signature, args):
        number, kind = args[0], args[0].type
        low, high = ir.Constant(kind, float(like.minval)), ir.Constant(kind, float(like.maxval))
        beyond = ir.Constant(kind, 2147483648.0 if value == types.float32 else 2147483647.5)
        number = builder.select(builder.fcmp_ordered("<", number, beyond), number, low)
        number = builder.select(builder.fcmp_ordered(">", number, low), number, low)
        number = builder.select(builder.fcmp_ordered("<", number, high), number, high)
        name = f"llvm.rint.{'f32' if value == types.float32 else 'f64'}"
        rint = builder.module.globals.get(name) or ir.Function(builder.module, ir.FunctionType(kind, [kind]), name)
        whole = builder.fptosi(builder.call(rint, [number]), ir.IntType(32))
        return builder.trunc(whole, ir.IntType(like.bitwidth))

    return like(value, like), convert if isinstance(like, types.Float) else clamp
