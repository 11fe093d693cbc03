"""Arithmetic that keeps the width of its operands.

Numba widens every small integer operation to int64, and LLVM narrows only part of it back: a kernel on 16-bit lanes
then runs on 64-bit ones, at a quarter of the speed. These intrinsics take two operands of one type and give that type;
overflow wraps. They cost nothing and are the only dependable control of SIMD width.
"""

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic


def _same(name, first, *others):
    if any(other != first for other in others):
        raise TypingError(f"typed.{name}: operands of one type, not {(first, *others)}")


def _llvm(builder, name, arguments, result=None):
    """Call the LLVM intrinsic ``name`` for the type of the first argument."""
    kind = arguments[0].type
    suffix = {"float": "f32", "double": "f64"}.get(str(kind), str(kind))
    function_type = ir.FunctionType(result or kind, [a.type for a in arguments])
    full = f"llvm.{name}.{suffix}"
    function = builder.module.globals.get(full) or ir.Function(builder.module, function_type, full)
    return builder.call(function, arguments)


def _integers(name, *operands):
    if not all(isinstance(operand, types.Integer) for operand in operands):
        raise TypingError(f"typed.{name}: integers, not {operands}")


def _floats(name, *operands):
    if not all(isinstance(operand, types.Float) for operand in operands):
        raise TypingError(f"typed.{name}: floats, not {operands}")


def _binary(name, build):
    @intrinsic
    def operation(context, a, b):
        _same(name, a, b)
        _integers(name, a)
        return a(a, b), lambda context, builder, signature, args: build(builder, signature.args[0], *args)

    operation.__name__ = operation.__qualname__ = name
    return operation


def _instruction(name, method):
    return _binary(name, lambda builder, kind, a, b: getattr(builder, method)(a, b))


def _by_sign(name, signed, unsigned):
    return _binary(name, lambda builder, kind, a, b: _llvm(builder, signed if kind.signed else unsigned, [a, b]))


add = _instruction("add", "add")
sub = _instruction("sub", "sub")
mul = _instruction("mul", "mul")
shl = _instruction("shl", "shl")
bit_and = _instruction("bit_and", "and_")
bit_or = _instruction("bit_or", "or_")
bit_xor = _instruction("bit_xor", "xor")
shr = _binary("shr", lambda builder, kind, a, b: (builder.ashr if kind.signed else builder.lshr)(a, b))
minimum = _by_sign("minimum", "smin", "umin")
maximum = _by_sign("maximum", "smax", "umax")
add_saturated = _by_sign("add_saturated", "sadd.sat", "uadd.sat")
sub_saturated = _by_sign("sub_saturated", "ssub.sat", "usub.sat")


@intrinsic
def absolute(context, a):
    """|a|; the smallest integer is its own absolute value."""
    _integers("absolute", a)

    def build(context, builder, signature, args):
        if not signature.args[0].signed:
            return args[0]
        return _llvm(builder, "abs", [args[0], ir.Constant(ir.IntType(1), 0)])

    return a(a), build


@intrinsic
def select(context, condition, a, b):
    """a where condition holds, else b, without a branch."""
    _same("select", a, b)
    return a(types.boolean, a, b), lambda context, builder, signature, args: builder.select(*args)


@intrinsic
def cast(context, value, like):
    """value in the type of like: integers are cut or extended, floats become integers by truncation."""

    def build(context, builder, signature, args):
        return context.cast(builder, args[0], signature.args[0], signature.args[1])

    return like(value, like), build


@intrinsic
def high_product(context, a, b):
    """(a * b) >> 16 for a, b in [0, 32767], in 16 or 32 bits."""
    _same("high_product", a, b)
    _integers("high_product", a)

    def build(context, builder, signature, args):
        wide = ir.IntType(max(32, args[0].type.width))
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 16)), args[0].type)

    return a(a, b), build


@intrinsic
def fma(context, a, b, c):
    """a * b + c with one rounding."""
    _same("fma", a, b, c)
    _floats("fma", a)
    return a(a, b, c), lambda context, builder, signature, args: _llvm(builder, "fma", list(args))


@intrinsic
def rint_int32(context, a):
    """A float rounded half to even, as int32; the caller clamps first."""
    _floats("rint_int32", a)

    def build(context, builder, signature, args):
        return builder.fptosi(_llvm(builder, "rint", list(args)), ir.IntType(32))

    return types.int32(a), build


@intrinsic
def trailing_zeros(context, a):
    """Number of zero bits below the lowest set bit; the width of the type for 0."""
    _integers("trailing_zeros", a)

    def build(context, builder, signature, args):
        return _llvm(builder, "cttz", [args[0], ir.Constant(ir.IntType(1), 0)])

    return a(a), build


def _loader(kind):
    @intrinsic
    def load(context, array, index):
        if not (isinstance(array, types.Array) and (array.dtype, array.ndim, array.layout) == (types.uint8, 1, "C")):
            raise TypingError(f"typed.load_{kind}: a flat uint8 array, not {array}")

        def build(context, builder, signature, args):
            view = context.make_array(signature.args[0])(context, builder, args[0])
            place = builder.gep(view.data, [args[1]])
            loaded = builder.load(builder.bitcast(place, ir.IntType(kind.bitwidth).as_pointer()))
            loaded.align = 1
            return loaded

        return kind(array, types.intp), build

    return load


# The bytes of a flat uint8 array from an index on, which need not be aligned, as one number in the machine's order.
load_uint32 = _loader(types.uint32)
load_uint64 = _loader(types.uint64)
