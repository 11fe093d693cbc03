"""Derivatives of float32 with 3 x 3 weights in one loop over a row, and the sum of second derivatives of any type.

The order of the sums is OpenCV's: up to the largest multiple of 8 elements in a row that of its vector code, behind it
that of the code that takes two elements at a time, with a last one left over where the row is odd.
"""

from numba import float32, types
from numba.extending import overload

from cvkit_cpu import typed
from cvkit_cpu.derivatives_ends import left_of, right_of, stand_ins
from cvkit_cpu.jit import kernel
from cvkit_cpu.linear_values import multiply_add, saturated
from cvkit_cpu.rows import row_at
from cvkit_cpu.views import get, put


@kernel
def across_floats(a, b, c, cn, smooth, k0, k1, delta, out):
    """The difference along the row, then k0 times the row itself and k1 times those above and below."""
    a2, b2, c2 = a[2 * cn :], b[2 * cn :], c[2 * cn :]
    if smooth:
        for x in range(out.size):
            outer = (get(a2, x) - get(a, x)) + (get(c2, x) - get(c, x))
            put(out, x, multiply_add(get(b2, x) - get(b, x), k0, outer + delta))
    else:
        for x in range(out.size):
            outer = (get(a2, x) - get(a, x)) + (get(c2, x) - get(c, x))
            put(out, x, multiply_add(outer, k1, multiply_add(get(b2, x) - get(b, x), k0, delta)))


@kernel
def down_floats(a, c, cn, smooth, k0, k1, delta, out):
    """k0 times an element and k1 times its neighbours along the rows above and below, then their difference."""
    a1, a2, c1, c2 = a[cn:], a[2 * cn :], c[cn:], c[2 * cn :]
    if smooth:
        for x in range(out.size):
            above = multiply_add(get(a1, x), k0, get(a, x) + get(a2, x))
            below = multiply_add(get(c1, x), k0, get(c, x) + get(c2, x))
            put(out, x, (below - above) + delta)
    else:
        for x in range(out.size):
            above = multiply_add(get(a1, x), k0, (get(a, x) + get(a2, x)) * k1)
            below = multiply_add(get(c1, x), k0, (get(c, x) + get(c2, x)) * k1)
            put(out, x, (below - above) + delta)


@kernel
def value_at(row, x):
    """An element, or 0 for -1."""
    return row[x] if x >= 0 else float32(0)


@kernel
def along_one(row, e, left, right, smooth, k0, k1, fused, last):
    """The smoothing weights along a row at one element."""
    p, q = value_at(row, left), value_at(row, right)
    if last:
        return multiply_add(k1, p + q, k0 * row[e])
    if smooth:
        return multiply_add(row[e], k0, p + q) if fused else multiply_add(row[e], k0, p) + q
    return multiply_add(row[e], k0, (p + q) * k1)


@kernel
def one_float(a, b, c, cn, ends, down, smooth, k0, k1, delta, v, e, out):
    """One element, its neighbours from the border where it stands at an end."""
    n = out.size
    fused, last = e < v, e == n - 1 and n % 2 == 1 and e >= v
    left, right = left_of(e, cn, ends[0]), right_of(e, n, cn, ends[1])
    if down:
        above = along_one(a, e, left, right, smooth, k0, k1, fused, last)
        below = along_one(c, e, left, right, smooth, k0, k1, fused, last)
        out[e] = (below - above) + delta
        return
    above, here = value_at(a, right) - value_at(a, left), value_at(b, right) - value_at(b, left)
    below = value_at(c, right) - value_at(c, left)
    if smooth and fused:
        out[e] = multiply_add(here, k0, above + below + delta)
    elif smooth:
        out[e] = multiply_add(k0, here, above) + below + delta
    elif fused:
        out[e] = multiply_add(above + below, k1, multiply_add(here, k0, delta))
    else:
        out[e] = multiply_add(above + below, k1, here * k0) + delta


@kernel
def float3_band(src, outside, cn, border, down, smooth, k0, k1, delta, v, dst, y0, y1):
    """Rows [y0, y1) of a first derivative of float32 with weights [k1 k0 k1] across it, which are [1 2 1] if smooth.

    v: the largest multiple of 8 in the length of a row.
    """
    n = src.shape[1]
    inner = max(min(v, n - cn) - cn, 0)
    ends = stand_ins(n, cn, border)
    for y in range(y0, y1):
        a, b, c = row_at(src, outside, y - 1, border), src[y], row_at(src, outside, y + 1, border)
        out = dst[y]
        if down:
            down_floats(a, c, cn, smooth, k0, k1, delta, out[cn : cn + inner])
        else:
            across_floats(a, b, c, cn, smooth, k0, k1, delta, out[cn : cn + inner])
        for e in range(min(cn, n)):
            one_float(a, b, c, cn, ends, down, smooth, k0, k1, delta, v, e, out)
        for e in range(cn + inner, n):
            one_float(a, b, c, cn, ends, down, smooth, k0, k1, delta, v, e, out)


def plus(a, b):
    """a + b, saturated for integers."""


@overload(plus, inline="always")
def _plus(a, b):
    if isinstance(a, types.Integer):
        return lambda a, b: typed.add_saturated(a, b)
    return lambda a, b: a + b


@kernel
def sum_band(first, second, scale, delta, dst, y0, y1):
    """Rows [y0, y1) of the sum of two images of one type, saturated in int16, times scale and plus delta.

    Product and sum are rounded once in the type of scale, and then to that of the result.
    """
    for y in range(y0, y1):
        a, b, out = first[y], second[y], dst[y]
        like = out[0]
        for x in range(out.size):
            total = typed.cast(plus(get(a, x), get(b, x)), scale)
            put(out, x, saturated(multiply_add(total, scale, delta), like))
