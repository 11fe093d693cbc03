"""What the networks need beyond Numba: the lesser and the greater of two values of one type, integers or floats, at
their own width and without a branch; and where in a buffer a line of the cache begins.
"""

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

from cvkit_cpu.jit import kernel

LINE = 64  # bytes of a cache line, and of the longest vector


def _chosen(name, sign):
    @intrinsic
    def operation(context, a, b):
        if a != b or not isinstance(a, types.Number):
            raise TypingError(f"{name}: operands of one type, not {a} and {b}")

        def build(context, builder, signature, args):
            kind = signature.args[0]
            if isinstance(kind, types.Float):
                first = builder.fcmp_ordered(sign, *args)
            else:
                first = (builder.icmp_signed if kind.signed else builder.icmp_unsigned)(sign, *args)
            return builder.select(first, *args)

        return a(a, b), build

    operation.__name__ = operation.__qualname__ = name
    return operation


lower = _chosen("lower", "<")
upper = _chosen("upper", ">")


@intrinsic
def address(context, array):
    """Where the first element of a flat array lies."""

    def build(context, builder, signature, args):
        view = context.make_array(signature.args[0])(context, builder, args[0])
        return builder.ptrtoint(view.data, ir.IntType(types.intp.bitwidth))

    return types.intp(array), build


@kernel
def lead(array):
    """Index of the first element that begins a line: loads of vectors that cross a line take twice as long."""
    return (-address(array) & (LINE - 1)) // array.itemsize
