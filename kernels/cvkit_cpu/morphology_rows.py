"""Rows of minima and maxima: what erosion and dilation of any element are made of.

Every kernel comes in two forms, told apart by the type of an argument: with LEAST for ``which`` it takes the lesser of
two values, with MOST the greater. Windows may overlap, as min(a, a) is a, so that a longer one grows from shorter ones.

Rows are views that carry no slice arithmetic: a kernel of many rows then compiles in a fraction of the time.
"""

import numpy as np
from cvkit_math.borders import CONSTANT, source_index
from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.linear_values import get, put

LEAST, MOST = np.int8(0), np.uint8(0)

ALIGNMENT = 64  # bytes: a line of the cache, and the widest vector


@intrinsic
def best(context, which, a, b):
    """The lesser or the greater of two numbers of one type, as ``which`` says; b where one is NaN."""
    if a != b or which not in (types.int8, types.uint8):
        raise TypingError(f"best: LEAST or MOST and two numbers of one type, not {(which, a, b)}")
    sign = "<" if which == types.int8 else ">"

    def build(context, builder, signature, args):
        if isinstance(a, types.Float):
            compared = builder.fcmp_ordered(sign, *args[1:])
        else:
            compared = (builder.icmp_signed if a.signed else builder.icmp_unsigned)(sign, *args[1:])
        return builder.select(compared, *args[1:])

    return a(which, a, a), build


@intrinsic
def less(context, a, b):
    """a - b, saturated where it is a whole number."""
    if a != b:
        raise TypingError(f"less: two numbers of one type, not {(a, b)}")

    def build(context, builder, signature, args):
        if isinstance(a, types.Float):
            return builder.fsub(*args)
        name, whole = f"llvm.{'s' if a.signed else 'u'}sub.sat.i{a.bitwidth}", ir.IntType(a.bitwidth)
        function_type = ir.FunctionType(whole, [whole, whole])
        function = builder.module.globals.get(name) or ir.Function(builder.module, function_type, name)
        return builder.call(function, args)

    return a(a, a), build


@intrinsic
def half_vectors(context):
    """Ask LLVM for vectors of at most 32 bytes in this kernel.

    Of loads that start anywhere, every one of 64 bytes lies on two lines of the cache, of 32 bytes every other one: on
    processors whose paths to the cache are 32 bytes wide that is faster by a tenth.
    """

    def build(context, builder, signature, args):
        # llvmlite's own add takes attributes that are names only.
        set.add(builder.function.attributes, '"prefer-vector-width"="256"')
        return context.get_dummy_value()

    return types.none(), build


@intrinsic
def apart(context):
    """Keep this kernel out of those that call it, which then compile in a fraction of the time."""

    def build(context, builder, signature, args):
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.none(), build


def _row(context, builder, kind, data, size):
    """A row of ``size`` values from the address on."""
    row = context.make_array(kind)(context, builder)
    width = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    populate_array(row, data=data, shape=[size], strides=[width], itemsize=width, meminfo=None)
    return row._getvalue()


def _data(context, builder, kind, array):
    return context.make_array(kind)(context, builder, array).data


def _viewer(name, readonly):
    @intrinsic
    def view(context, array, start, size):
        if not (isinstance(array, types.Array) and array.layout == "C"):
            raise TypingError(f"{name}: a contiguous array, not {array}")
        kind = types.Array(array.dtype, 1, "C", readonly=readonly)

        def build(context, builder, signature, args):
            data = _data(context, builder, signature.args[0], args[0])
            return _row(context, builder, kind, builder.gep(data, [args[1]]), args[2])

        return kind(array, types.intp, types.intp), build

    view.__name__ = view.__qualname__ = name
    return view


# A row of ``size`` values in the memory of a contiguous array, from its value number ``start`` on: to write, to read.
written, read = _viewer("written", False), _viewer("read", True)


@intrinsic
def read_or(context, array, start, size, other):
    """``read``, or the row ``other`` where start is negative."""
    kind = types.Array(array.dtype, 1, "C", readonly=True)

    def build(context, builder, signature, args):
        inside = builder.gep(_data(context, builder, signature.args[0], args[0]), [args[1]])
        beyond = _data(context, builder, signature.args[3], args[3])
        negative = builder.icmp_signed("<", args[1], ir.Constant(args[1].type, 0))
        return _row(context, builder, kind, builder.select(negative, beyond, inside), args[2])

    return kind(array, types.intp, types.intp, other), build


@intrinsic
def sealed(context, array):
    """The same array, read-only: kernels then compile once for images and for scratch."""
    kind = array.copy(readonly=True)
    return kind(array), lambda context, builder, signature, args: impl_ret_borrowed(context, builder, kind, args[0])


@intrinsic
def first_aligned(context, array):
    """The first value of an array, of at least ALIGNMENT bytes, that starts a line of the cache."""

    def build(context, builder, signature, args):
        size = context.get_abi_sizeof(context.get_data_type(array.dtype))
        data = _data(context, builder, signature.args[0], args[0])
        address = builder.ptrtoint(data, ir.IntType(types.intp.bitwidth))
        rest = builder.and_(builder.neg(address), ir.Constant(address.type, ALIGNMENT - 1))
        return builder.udiv(rest, ir.Constant(address.type, size))

    return types.intp(array), build


@kernel
def row_starts(y0, y1, h, border, mask, length, starts):
    """Where rows y0 to y1 - 1, which may lie beyond an image of h rows, start in it; -1 is a row of the constant. How
    many they are.

    Row y of the image is the one numbered y & mask in memory.
    """
    for y in range(y0, y1):
        if border == CONSTANT and (y < 0 or y >= h):
            starts[y - y0] = -1
        else:
            starts[y - y0] = (source_index(y, h, border) & mask) * length
    return y1 - y0


@kernel
def fill_ends(row, lead, length, left, right, cn, border, outside):
    """What lies ``left`` values before and ``right`` values behind the ``length`` values that start at ``lead``."""
    w, before = length // cn, left // cn
    for k in range(before + right // cn):
        i = k - before if k < before else w + k - before
        j = 0 if border == CONSTANT else lead + source_index(i, w, border) * cn
        for c in range(cn):
            row[lead + i * cn + c] = outside[c] if border == CONSTANT else row[j + c]


@kernel
def best_2(a, b, out, which):
    """The best of two rows."""
    half_vectors()
    for x in range(out.size):
        put(out, x, best(which, get(a, x), get(b, x)))


@kernel
def best_3(a, b, c, out, which):
    """The best of three rows."""
    half_vectors()
    for x in range(out.size):
        put(out, x, best(which, best(which, get(a, x), get(b, x)), get(c, x)))


@kernel
def best_5(a, b, c, d, e, out, which):
    """The best of five rows."""
    half_vectors()
    for x in range(out.size):
        m = best(which, best(which, get(a, x), get(b, x)), best(which, get(c, x), get(d, x)))
        put(out, x, best(which, m, get(e, x)))


@kernel
def four_of_3(a, b, c, d, e, f, o0, o1, o2, o3, which):
    """The best of the rows a to c, b to d, c to e and d to f."""
    half_vectors()
    for x in range(o0.size):
        bc, de = best(which, get(b, x), get(c, x)), best(which, get(d, x), get(e, x))
        put(o0, x, best(which, get(a, x), bc))
        put(o1, x, best(which, bc, get(d, x)))
        put(o2, x, best(which, get(c, x), de))
        put(o3, x, best(which, de, get(f, x)))


@kernel
def four_of_5(a, b, c, d, e, f, g, h, o0, o1, o2, o3, which):
    """The best of the rows a to e, b to f, c to g and d to h."""
    half_vectors()
    for x in range(o0.size):
        de = best(which, get(d, x), get(e, x))
        bc, fg = best(which, get(b, x), get(c, x)), best(which, get(f, x), get(g, x))
        cde, def_ = best(which, get(c, x), de), best(which, de, get(f, x))
        bcde = best(which, bc, de)
        put(o0, x, best(which, get(a, x), bcde))
        put(o1, x, best(which, bcde, get(f, x)))
        put(o2, x, best(which, cde, fg))
        put(o3, x, best(which, best(which, def_, get(g, x)), get(h, x)))


@kernel
def suffixes(a, b, c, d, below, s0, s1, s2, s3, which):
    """The best of the row below and of d, of c as well, b and a: s3, s2, s1 and s0."""
    half_vectors()
    for x in range(s0.size):
        m = best(which, get(d, x), get(below, x))
        put(s3, x, m)
        m = best(which, get(c, x), m)
        put(s2, x, m)
        m = best(which, get(b, x), m)
        put(s1, x, m)
        put(s0, x, best(which, get(a, x), m))


@kernel
def two_prefixes(a, b, sofar, s0, s1, first, second, which):
    """Add two rows, one after the other, to the best so far; the results are the best of that and of a suffix each."""
    half_vectors()
    for x in range(first.size):
        m = best(which, sofar[x], get(a, x))
        put(first, x, best(which, get(s0, x), m))
        m = best(which, m, get(b, x))
        put(sofar, x, m)
        put(second, x, best(which, get(s1, x), m))


@kernel
def grow(t, spare, out, k, cn, which):
    """The best of k neighbours, cn apart, along a row: windows of 3, 9, 27 ... and then up to three of them.

    ``t`` holds (k - 1) * cn values more than ``out``; ``spare`` two such rows, one behind the other.
    """
    n = out.size
    if k <= 3:
        best_3(t, read(t, (k - 1) // 2 * cn, n), read(t, (k - 1) * cn, n), out, which)
        return
    if k == 5:
        best_5(t, read(t, cn, n), read(t, 2 * cn, n), read(t, 3 * cn, n), read(t, 4 * cn, n), out, which)
        return
    whole, half = n + (k - 1) * cn, spare.size // 2
    source, span, f = t, 1, 0
    while span * 3 < k:
        m = whole - (3 * span - 1) * cn
        best_3(source, read(source, span * cn, m), read(source, 2 * span * cn, m), written(spare, f * half, m), which)
        source, span, f = read(spare, f * half, m), span * 3, 1 - f
    last = read(source, (k - span) * cn, n)
    if k <= 2 * span:
        best_2(source, last, out, which)
    else:
        best_3(source, read(source, span * cn, n), last, out, which)


@kernel
def more_4(a, b, c, d, out, which):
    """Take four rows more into out."""
    half_vectors()
    for x in range(out.size):
        m = best(which, best(which, get(a, x), get(b, x)), best(which, get(c, x), get(d, x)))
        put(out, x, best(which, out[x], m))


@kernel
def take_away(a, out):
    """out - a, saturated."""
    half_vectors()
    for x in range(out.size):
        out[x] = less(out[x], a[x])


@kernel
def take_from(a, out):
    """a - out, saturated."""
    half_vectors()
    for x in range(out.size):
        out[x] = less(a[x], out[x])


@kernel
def keep_without(a, out):
    """a & ~out, of bytes."""
    for x in range(out.size):
        out[x] = typed.bit_and(a[x], typed.bit_xor(out[x], np.uint8(255)))
