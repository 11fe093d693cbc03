"""From a window's sum to a pixel of the result, as OpenCV rounds and saturates it.

OpenCV works on vectors from the left of a row and on single elements at its right end, and the two differ: vectors
multiply by the scale in float32, single elements in float64; vectors take a negative sum for a large unsigned one, so
that it becomes 255 or 65535 in uint8 and uint16, and single elements make it 0. The intrinsics take the type of the
result from their last argument, so that one kernel serves all types.
"""

from llvmlite import ir
from numba import float32, float64, int32, types, uint8, uint16
from numba.core.errors import TypingError
from numba.extending import intrinsic

from cvkit_cpu import typed
from cvkit_cpu.box_windows import part_of
from cvkit_cpu.jit import kernel
from cvkit_cpu.views import get, put

LOWEST = -(1 << 31)  # what the processor makes of a float that no int32 holds
SIGNED, UNSIGNED = ("smin", "smax"), ("umin", None)


def _clamped(builder, value, like, signed):
    """An int32 in the type of ``like``; as an unsigned number where that type is unsigned, unless ``signed``."""
    if isinstance(like, types.Float):
        return builder.sitofp(value, ir.FloatType() if like.bitwidth == 32 else ir.DoubleType())
    if like.bitwidth == 32:
        return value
    low, high = (0, (1 << like.bitwidth) - 1) if not like.signed else (-(1 << 15), (1 << 15) - 1)
    if like.signed or signed:
        value = _call(builder, "smax", value, low)
        value = _call(builder, "smin", value, high)
    else:
        value = _call(builder, "umin", value, high)
    return builder.trunc(value, ir.IntType(like.bitwidth))


def _call(builder, name, value, bound):
    kind = value.type
    full = f"llvm.{name}.{kind}"
    function = builder.module.globals.get(full)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(kind, [kind, kind]), full)
    return builder.call(function, [value, ir.Constant(kind, bound)])


def _rounded(builder, value, bounded):
    """A float rounded half to even, as int32; LOWEST where int32 can't hold it, and for NaN, unless ``bounded``."""
    kind = value.type
    full = "llvm.rint." + ("f32" if kind == ir.FloatType() else "f64")
    function = builder.module.globals.get(full)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(kind, [kind]), full)
    whole = builder.call(function, [value])
    word = ir.IntType(32)
    if bounded:
        return builder.fptosi(whole, word)
    inside = builder.and_(
        builder.fcmp_ordered("<", whole, ir.Constant(kind, 2.0**31)),
        builder.fcmp_ordered(">=", whole, ir.Constant(kind, -(2.0**31))),
    )
    return builder.select(
        inside, builder.fptosi(builder.select(inside, whole, ir.Constant(kind, 0.0)), word), ir.Constant(word, LOWEST)
    )


def _from_float(kind, signed, bounded):
    """Rounds half to even and clamps; ``bounded`` floats are ones that int32 holds."""

    @intrinsic
    def convert(context, value, like):
        if value != kind:
            raise TypingError(f"{kind} expected, not {value}")

        def build(context, builder, signature, args):
            if isinstance(like, types.Float):
                return context.cast(builder, args[0], kind, like)
            return _clamped(builder, _rounded(builder, args[0], bounded), like, signed)

        return like(value, like), build

    return convert


def _from_int(signed):
    @intrinsic
    def convert(context, value, like):
        if value != int32:
            raise TypingError(f"int32 expected, not {value}")
        return like(value, like), lambda context, builder, signature, args: _clamped(builder, args[0], like, signed)

    return convert


vector_from_float = _from_float(float32, signed=False, bounded=True)
vector_from_int = _from_int(signed=False)
single_from_float = _from_float(float64, signed=True, bounded=False)
single_from_int = _from_int(signed=True)


@intrinsic
def nearest(context, value, like):
    """A float32 that an integer of 8 or 16 bits holds, rounded half to even: where 1 is the last bit of a float32, the
    addition rounds, and the last bits are the integer's.
    """
    if value != float32 or not isinstance(like, types.Integer) or like.bitwidth > 16:
        raise TypingError(f"float32 and a narrow integer expected, not {value} and {like}")

    def build(context, builder, signature, args):
        moved = builder.fadd(args[0], ir.Constant(ir.FloatType(), 1.5 * 2.0**23))
        return builder.trunc(builder.bitcast(moved, ir.IntType(32)), ir.IntType(like.bitwidth))

    return like(value, like), build


@kernel
def finish_row(total, dst, vectors, scale, normalize):
    """A row of the result from sums in int32; ``vectors`` elements as OpenCV's vectors give them. A mean is of two or
    more, so that int32 holds it.
    """
    like = dst[0]
    if normalize:
        scale32 = float32(scale)
        for x in range(vectors):
            dst[x] = vector_from_float(float32(total[x]) * scale32, like)
        for x in range(vectors, dst.size):
            dst[x] = single_from_float(float64(total[x]) * scale, like)
    else:
        for x in range(vectors):
            dst[x] = vector_from_int(total[x], like)
        for x in range(vectors, dst.size):
            dst[x] = single_from_int(total[x], like)


@kernel
def quotient(total, half, multiplier, shift):
    """(total + half) / area in 16-bit lanes."""
    return typed.shr(typed.high_product(typed.add(total, half), multiplier), shift)


@kernel
def mean_row_u8(dst, part, row, k, cn, division):
    """Means of k neighbours from the sums of part_of(k): the last pass of ``grow`` and the division in one loop.

    Only an area of 2 can give more than 255: 256.
    """
    half, multiplier, shift = uint16(division[0]), uint16(division[1]), uint16(division[2])
    n = dst.size
    if k == 1:
        for x in range(n):
            dst[x] = uint8(typed.minimum(quotient(row[x], half, multiplier, shift), uint16(255)))
        return
    m = part_of(k)
    b, c = part[m * cn :], part[min(2, k - 1) * m * cn :]
    if k & 3 == 2:
        for x in range(n):
            total = typed.add(part[x], b[x])
            dst[x] = uint8(typed.minimum(quotient(total, half, multiplier, shift), uint16(255)))
        return
    if k == 3:
        for x in range(n):
            total = typed.add(typed.add(part[x], b[x]), c[x])
            dst[x] = uint8(quotient(total, half, multiplier, shift))
        return
    d, last = part[min(3 * m, k - m) * cn :], row[(4 * m if k & 1 else 0) * cn :]
    if k & 3 == 3:
        last = row[(3 * m - 1) * cn :]
        for x in range(n):
            total = typed.sub(typed.add(typed.add(part[x], b[x]), typed.add(c[x], d[x])), last[x])
            dst[x] = uint8(quotient(total, half, multiplier, shift))
    elif k & 3 == 1:
        for x in range(n):
            total = typed.add(typed.add(typed.add(part[x], b[x]), typed.add(c[x], d[x])), last[x])
            dst[x] = uint8(quotient(total, half, multiplier, shift))
    else:
        for x in range(n):
            total = typed.add(typed.add(part[x], b[x]), typed.add(c[x], d[x]))
            dst[x] = uint8(quotient(total, half, multiplier, shift))


@kernel
def mean_row(dst, part, row, k, cn, vectors, scale):
    """Means of k = 3 or 4 m + 1 neighbours in the type of the source, from the sums of part_of(k): the last pass of
    ``grow`` and ``finish_row`` in one loop.
    """
    n, like, wide, scale32 = dst.size, dst[0], int32(0), float32(scale)
    m = part_of(k)
    b, c = part[m * cn :], part[2 * m * cn :]
    if k == 3:
        for x in range(n):
            ab = typed.add(typed.cast(get(part, x), wide), typed.cast(get(b, x), wide))
            total = typed.add(ab, typed.cast(get(c, x), wide))
            put(dst, x, nearest(float32(total) * scale32, like))
    else:
        d, last = part[3 * m * cn :], row[4 * m * cn :]
        for x in range(n):
            ab = typed.add(typed.cast(get(part, x), wide), typed.cast(get(b, x), wide))
            cd = typed.add(typed.cast(get(c, x), wide), typed.cast(get(d, x), wide))
            total = typed.add(typed.add(ab, cd), typed.cast(get(last, x), wide))
            put(dst, x, nearest(float32(total) * scale32, like))
    for x in range(vectors, n):
        total = wide
        for i in range(k):
            total = typed.add(total, typed.cast(row[x + i * cn], wide))
        dst[x] = single_from_float(float64(total) * scale, like)


@kernel
def cut_row_u8(row, dst, vectors, kw, cn):
    """Windows of two pixels of 255, which OpenCV rounds up to 256, are 0 in what its vectors leave over."""
    for x in range(vectors, dst.size):
        if row[x] + (row[x + cn] if kw == 2 else 0) == 510:
            dst[x] = 0
