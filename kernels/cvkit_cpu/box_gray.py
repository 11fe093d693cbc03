"""Means over windows 3 or 5 pixels wide of uint8 with one channel: the case that is wanted most.

Two neighbours of a row of uint8 are read as one number of 16 bits, whose halves are the even and the odd pixel; column
sums of even and of odd pixels lie apart, and two means are written as one number again. So all of it runs in lanes of
16 bits without ever being packed or unpacked, and the windows of two neighbours share what they have in common.
"""

import sys

from llvmlite import ir
from numba import types, uint8, uint16
from numba.core.errors import TypingError
from numba.extending import intrinsic

from cvkit_cpu import typed
from cvkit_cpu.box_rounding import quotient
from cvkit_cpu.box_windows import find_ends
from cvkit_cpu.jit import kernel
from cvkit_cpu.rows import row_index

BIG_ENDIAN = sys.byteorder == "big"


def _pair_of(context, builder, signature, args):
    view = context.make_array(signature.args[0])(context, builder, args[0])
    place = builder.gep(view.data, [builder.shl(args[1], ir.Constant(args[1].type, 1))])
    return builder.bitcast(place, ir.IntType(16).as_pointer())


def _check(array):
    if not (isinstance(array, types.Array) and (array.dtype, array.ndim, array.layout) == (types.uint8, 1, "C")):
        raise TypingError(f"a flat uint8 array, not {array}")


def _swapped(builder, value):
    if not BIG_ENDIAN:
        return value
    eight = ir.Constant(ir.IntType(16), 8)
    return builder.or_(builder.shl(value, eight), builder.lshr(value, eight))


@intrinsic
def load_pair(context, array, i):
    """Bytes 2 * i and 2 * i + 1 of a flat uint8 array, the first in the low half; they need not be aligned."""
    _check(array)

    def build(context, builder, signature, args):
        loaded = builder.load(_pair_of(context, builder, signature, args))
        loaded.align = 1
        return _swapped(builder, loaded)

    return types.uint16(array, types.intp), build


@intrinsic
def store_pair(context, array, i, value):
    """The reverse of load_pair."""
    _check(array)

    def build(context, builder, signature, args):
        stored = builder.store(_swapped(builder, args[2]), _pair_of(context, builder, signature, args))
        stored.align = 1
        return context.get_dummy_value()

    return types.void(array, types.intp, types.uint16), build


@kernel
def add_pairs(even, odd, row):
    """Column sums with one more row."""
    for i in range(row.size // 2):
        pair = load_pair(row, i)
        even[i] = typed.add(even[i], typed.bit_and(pair, uint16(255)))
        odd[i] = typed.add(odd[i], typed.shr(pair, uint16(8)))
    if row.size & 1:
        even[row.size // 2] += row[row.size - 1]


@kernel
def take_pairs(even, odd, row):
    """Column sums with one row less."""
    for i in range(row.size // 2):
        pair = load_pair(row, i)
        even[i] = typed.sub(even[i], typed.bit_and(pair, uint16(255)))
        odd[i] = typed.sub(odd[i], typed.shr(pair, uint16(8)))
    if row.size & 1:
        even[row.size // 2] -= row[row.size - 1]


@kernel
def exchange_pairs(even, odd, come, go):
    """Column sums one row further down."""
    for i in range(come.size // 2):
        new, old = load_pair(come, i), load_pair(go, i)
        low = typed.sub(typed.bit_and(new, uint16(255)), typed.bit_and(old, uint16(255)))
        even[i] = typed.add(even[i], low)
        odd[i] = typed.add(odd[i], typed.sub(typed.shr(new, uint16(8)), typed.shr(old, uint16(8))))
    if come.size & 1:
        even[come.size // 2] += come[come.size - 1] - go[come.size - 1]


@kernel
def joined(first, second, multiplier, shift, rise):
    """Two sums, half the area added, as two means in one number; shift + rise is 8."""
    low = typed.shr(typed.high_product(first, multiplier), shift)
    high = typed.shl(typed.high_product(second, multiplier), rise)
    return typed.bit_or(typed.bit_and(high, uint16(0xFF00)), low)


@kernel
def mean_pairs(first, second, k, dst, division):
    """Means of 3 or 5 neighbours; the window of pixel 2 * i is first[i], second[i], first[i + 1] ..., that of the next
    pixel begins with second[i].
    """
    half, multiplier, shift = uint16(division[0]), uint16(division[1]), uint16(division[2])
    rise = uint16(8 - division[2])
    n = dst.size // 2
    if k == 3:
        for i in range(n):
            both = typed.add(typed.add(second[i], first[i + 1]), half)
            a, b = typed.add(both, first[i]), typed.add(both, second[i + 1])
            store_pair(dst, i, joined(a, b, multiplier, shift, rise))
    else:
        for i in range(n):
            inner = typed.add(second[i], first[i + 1])
            both = typed.add(typed.add(inner, half), typed.add(second[i + 1], first[i + 2]))
            a, b = typed.add(both, first[i]), typed.add(both, second[i + 2])
            store_pair(dst, i, joined(a, b, multiplier, shift, rise))
    if dst.size & 1:
        total = first[n]
        for j in range(k // 2):
            total = typed.add(total, typed.add(second[n + j], first[n + j + 1]))
        dst[2 * n] = uint8(quotient(total, half, multiplier, shift))


@kernel
def mean_gray_band(src, dst, window, division, ends, lines, y0, y1):
    """Rows [y0, y1). lines are two rows of w // 2 + 6 column sums, of places with an even and with an odd number in the
    padded row, in front of which stands one value more where the padding is odd.
    """
    _, kw, kh, ax, ay, border = window
    h, w = src.shape
    extra = ax & 1
    start = (ax + extra) >> 1
    even, odd = lines[0][start:], lines[1][start:]
    find_ends(ends, w, ax, kw - 1 - ax, 1, border)
    for y in range(y0, y1):
        if y == y0:
            lines[:, :] = 0
            for p in range(y - ay, y - ay + kh):
                z = row_index(p, h, border)
                if z >= 0:
                    add_pairs(even, odd, src[z])
        else:
            come, go = row_index(y - ay + kh - 1, h, border), row_index(y - ay - 1, h, border)
            if come >= 0 and go >= 0:
                exchange_pairs(even, odd, src[come], src[go])
            elif come >= 0:
                add_pairs(even, odd, src[come])
            elif go >= 0:
                take_pairs(even, odd, src[go])
        for i in range(ends.size):
            to, place = (i if i < ax else i + w) + extra, ends[i] + extra
            lines[to & 1, to >> 1] = lines[place & 1, place >> 1] if ends[i] >= 0 else 0
        if extra:
            mean_pairs(lines[1], lines[0][1:], kw, dst[y], division)
        else:
            mean_pairs(lines[0], lines[1], kw, dst[y], division)
