"""Rows of minima and maxima: what erosion and dilation of any element are made of.

Every kernel comes in two forms, told apart by the type of an argument: with LEAST for ``which`` it takes the lesser of
two values, with MOST the greater. Windows may overlap, as min(a, a) is a, so that a longer one grows from shorter ones.
What ends a step can turn the order of values around: the greatest of values is the least of the turned ones, so that an
opening needs one form of every kernel only.
"""

from functools import cache

import numpy as np
from cvkit_math.borders import CONSTANT, source_index
from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.views import apart, get, half_vectors, put, read, written

LEAST, MOST = np.int8(0), np.uint8(0)

# What becomes of a step: the result itself, or its difference from another image.
ALONE, FROM_OTHER, LESS_OTHER = 0, 1, 2


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
def turned(context, a, by):
    """The value that stands for a where by is one of ``turns``: as it is, or in an order turned around."""
    if a.bitwidth != by.bitwidth or not isinstance(by, types.Integer):
        raise TypingError(f"turned: a number and a whole one of its width, not {(a, by)}")

    def build(context, builder, signature, args):
        whole = builder.xor(builder.bitcast(args[0], args[1].type), args[1])
        return builder.bitcast(whole, args[0].type)

    return a(a, by), build


@cache
def turns(dtype):
    """What ``turned`` takes: bits that leave a value as it is, and bits that turn the order of all values around."""
    if dtype.kind == "f":
        whole = np.dtype(f"u{dtype.itemsize}")
        return whole.type(0), whole.type(1 << (8 * dtype.itemsize - 1))
    return dtype.type(0), ~dtype.type(0)


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


@kernel
def fill_ends(row, lead, length, left, right, cn, border, outside):
    """What lies ``left`` values before and ``right`` values behind the ``length`` values that start at ``lead``."""
    apart()
    w, before = length // cn, left // cn
    for k in range(before + right // cn):
        i = k - before if k < before else w + k - before
        j = 0 if border == CONSTANT else lead + source_index(i, w, border) * cn
        for c in range(cn):
            row[lead + i * cn + c] = outside[c] if border == CONSTANT else row[j + c]


@kernel
def best_2(a, b, out, which, turn):
    """The best of two rows, turned."""
    half_vectors()
    for x in range(out.size):
        put(out, x, turned(best(which, get(a, x), get(b, x)), turn))


@kernel
def best_3(a, b, c, out, which, turn):
    """The best of three rows, turned."""
    half_vectors()
    for x in range(out.size):
        put(out, x, turned(best(which, best(which, get(a, x), get(b, x)), get(c, x)), turn))


@kernel
def best_5(a, b, c, d, e, out, which, turn):
    """The best of five rows, turned."""
    half_vectors()
    for x in range(out.size):
        m = best(which, best(which, get(a, x), get(b, x)), best(which, get(c, x), get(d, x)))
        put(out, x, turned(best(which, m, get(e, x)), turn))


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
def grow(t, spare, out, k, cn, which, turn):
    """The best of k neighbours, cn apart, along a row, turned: windows of 3, 9, 27 ... and then up to three of them.

    ``t`` holds (k - 1) * cn values more than ``out``; ``spare`` two such rows, one behind the other.
    """
    n = out.size
    as_it_is = typed.bit_xor(turn, turn)
    whole, half = n + (k - 1) * cn, spare.size // 2
    source, span, f = t, 1, 0
    while span * 3 < k:
        m = whole - (3 * span - 1) * cn
        b, c = read(source, span * cn, m), read(source, 2 * span * cn, m)
        best_3(source, b, c, written(spare, f * half, m), which, as_it_is)
        source, span, f = read(spare, f * half, m), span * 3, 1 - f
    last = read(source, (k - span) * cn, n)
    if k <= 2 * span:
        best_2(source, last, out, which, turn)
    else:
        best_3(source, read(source, span * cn, n), last, out, which, turn)


@kernel
def more_4(a, b, c, d, out, which, turn):
    """Take four rows more into out, and turn it."""
    half_vectors()
    for x in range(out.size):
        m = best(which, best(which, get(a, x), get(b, x)), best(which, get(c, x), get(d, x)))
        put(out, x, turned(best(which, out[x], m), turn))


@kernel
def combine(other, start, out, how):
    """The difference of out and the values of another image from number ``start`` on, where how is not ALONE."""
    a = read(other, start, out.size)
    if how == LESS_OTHER:
        for x in range(out.size):
            out[x] = less(out[x], a[x])
    elif how == FROM_OTHER:
        for x in range(out.size):
            out[x] = less(a[x], out[x])


@kernel
def keep_without(a, out):
    """a & ~out, of bytes."""
    for x in range(out.size):
        out[x] = typed.bit_and(a[x], typed.bit_xor(out[x], np.uint8(255)))
