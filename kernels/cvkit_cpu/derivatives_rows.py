"""Derivatives of uint8 in int16 on the CPU with windows of 3 x 3, in one loop over a row.

A row of the image is a row of w * cn values; its neighbours to the left and right lie cn values away. Rows are made one
by one: several at a time would share what they widen to int16, but results go to memory faster one row after the other
than several side by side. The pixel at either end, whose neighbours come from the border, is summed by itself.
"""

from numba import int16

from cvkit_cpu import typed
from cvkit_cpu.derivatives_ends import left_of, pixel, right_of, stand_ins
from cvkit_cpu.jit import kernel
from cvkit_cpu.rows import row_at
from cvkit_cpu.views import get, put

VECTOR = 32  # elements of int16 in the widest vector of processors


@kernel
def weighted(outer, above, below, middle, here):
    """outer times the sum of two values and middle times a third."""
    return typed.add(typed.mul(outer, typed.add(above, below)), typed.mul(middle, here))


@kernel
def piece(i, n):
    """Range i of two that cover n elements: whole vectors, and one at the end that begins among elements of the first.

    Making those again takes less time than the rest one by one.
    """
    return (max(n - VECTOR, 0), n) if i else (0, n - n % VECTOR)


@kernel
def doubled(value):
    """Twice a value."""
    return typed.add(value, value)


@kernel
def slope_at(row, left, right):
    """The difference of two elements, -1 being a 0."""
    return typed.sub(pixel(row, right), pixel(row, left))


@kernel
def across_row(a, b, c, cn, left, right, outer, middle, out):
    """The derivative along a row, from the rows above it, itself and below it, which count by outer, middle and outer.

    left and right as stand_ins gives them.
    """
    n = out.size
    inner = max(n - 2 * cn, 0)
    sobel = outer == int16(1) and middle == int16(2)
    a2, b2, c2, o = a[2 * cn :], b[2 * cn :], c[2 * cn :], out[cn:]
    for i in range(2):
        start, stop = piece(i, inner)
        if sobel:
            for x in range(start, stop):
                s = typed.sub(int16(get(a2, x)), int16(get(a, x)))
                t = typed.sub(int16(get(b2, x)), int16(get(b, x)))
                u = typed.sub(int16(get(c2, x)), int16(get(c, x)))
                put(o, x, typed.add(typed.add(s, u), doubled(t)))
        else:
            for x in range(start, stop):
                s = typed.sub(int16(get(a2, x)), int16(get(a, x)))
                t = typed.sub(int16(get(b2, x)), int16(get(b, x)))
                u = typed.sub(int16(get(c2, x)), int16(get(c, x)))
                put(o, x, weighted(outer, s, u, middle, t))
    for i in range(2 * cn):
        x = i if i < cn else n - 2 * cn + i
        p, q = left_of(x, cn, left), right_of(x, n, cn, right)
        put(out, x, weighted(outer, slope_at(a, p, q), slope_at(c, p, q), middle, slope_at(b, p, q)))


@kernel
def fall_at(a, c, x):
    """The difference of two rows at an element, -1 being a 0."""
    return typed.sub(pixel(c, x), pixel(a, x))


@kernel
def down_row(a, c, cn, left, right, outer, middle, out):
    """The derivative down the columns, from the rows above and below; outer and middle weigh neighbours in them.

    Its loops are those of across_row on other rows: shared by a kernel of their own, both take a twelfth longer.
    """
    n = out.size
    inner = max(n - 2 * cn, 0)
    sobel = outer == int16(1) and middle == int16(2)
    a1, a2, c1, c2, o = a[cn:], a[2 * cn :], c[cn:], c[2 * cn :], out[cn:]
    for i in range(2):
        start, stop = piece(i, inner)
        if sobel:
            for x in range(start, stop):
                s = typed.sub(int16(get(c, x)), int16(get(a, x)))
                t = typed.sub(int16(get(c1, x)), int16(get(a1, x)))
                u = typed.sub(int16(get(c2, x)), int16(get(a2, x)))
                put(o, x, typed.add(typed.add(s, u), doubled(t)))
        else:
            for x in range(start, stop):
                s = typed.sub(int16(get(c, x)), int16(get(a, x)))
                t = typed.sub(int16(get(c1, x)), int16(get(a1, x)))
                u = typed.sub(int16(get(c2, x)), int16(get(a2, x)))
                put(o, x, weighted(outer, s, u, middle, t))
    for i in range(2 * cn):
        x = i if i < cn else n - 2 * cn + i
        p, q = left_of(x, cn, left), right_of(x, n, cn, right)
        s, t, u = fall_at(a, c, p), fall_at(a, c, x), fall_at(a, c, q)
        put(out, x, weighted(outer, s, u, middle, t))


@kernel
def less_four(a, b, centre):
    """The sum of two values less four times a third."""
    return typed.sub(typed.add(a, b), typed.shl(centre, int16(2)))


@kernel
def sum_at(row, left, right):
    """The sum of two elements, -1 being a 0."""
    return typed.add(pixel(row, left), pixel(row, right))


@kernel
def cross_row(a, b, c, cn, left, right, out):
    """[0 1 0; 1 -4 1; 0 1 0] along a row."""
    n = out.size
    inner = max(n - 2 * cn, 0)
    a1, b1, c1, b2, o = a[cn:], b[cn:], c[cn:], b[2 * cn :], out[cn:]
    for i in range(2):
        start, stop = piece(i, inner)
        for x in range(start, stop):
            beside = less_four(int16(get(b, x)), int16(get(b2, x)), int16(get(b1, x)))
            put(o, x, typed.add(beside, typed.add(int16(get(a1, x)), int16(get(c1, x)))))
    for i in range(2 * cn):
        x = i if i < cn else n - 2 * cn + i
        beside = sum_at(b, left_of(x, cn, left), right_of(x, n, cn, right))
        put(out, x, typed.add(beside, less_four(pixel(a, x), pixel(c, x), pixel(b, x))))


@kernel
def corners_row(a, b, c, cn, left, right, out):
    """[2 0 2; 0 -8 0; 2 0 2] along a row."""
    n = out.size
    inner = max(n - 2 * cn, 0)
    a2, b1, c2, o = a[2 * cn :], b[cn:], c[2 * cn :], out[cn:]
    for i in range(2):
        start, stop = piece(i, inner)
        for x in range(start, stop):
            s = typed.add(int16(get(a2, x)), int16(get(a, x)))
            t = typed.add(int16(get(c2, x)), int16(get(c, x)))
            put(o, x, doubled(less_four(s, t, int16(get(b1, x)))))
    for i in range(2 * cn):
        x = i if i < cn else n - 2 * cn + i
        p, q = left_of(x, cn, left), right_of(x, n, cn, right)
        put(out, x, doubled(less_four(sum_at(a, p, q), sum_at(c, p, q), pixel(b, x))))


@kernel
def slopes_band(src, outside, cn, border, down, outer, middle, dst, y0, y1):
    """Rows [y0, y1) of a first derivative."""
    left, right = stand_ins(src.shape[1], cn, border)
    for y in range(y0, y1):
        a, c = row_at(src, outside, y - 1, border), row_at(src, outside, y + 1, border)
        if down:
            down_row(a, c, cn, left, right, outer, middle, dst[y])
        else:
            across_row(a, src[y], c, cn, left, right, outer, middle, dst[y])


@kernel
def laplacian_band(src, outside, cn, border, corners, dst, y0, y1):
    """Rows [y0, y1) of a Laplacian, of the four diagonal neighbours or of the four nearest."""
    left, right = stand_ins(src.shape[1], cn, border)
    for y in range(y0, y1):
        a, c = row_at(src, outside, y - 1, border), row_at(src, outside, y + 1, border)
        if corners:
            corners_row(a, src[y], c, cn, left, right, dst[y])
        else:
            cross_row(a, src[y], c, cn, left, right, dst[y])


@kernel
def diagonal_row(corner, opposite, before, behind, above, below, out):
    """Twice the difference of two opposite corners, and those of the pairs on either side of their diagonal."""
    for x in range(out.size):
        far = typed.sub(int16(get(opposite, x)), int16(get(corner, x)))
        row = typed.sub(int16(get(behind, x)), int16(get(before, x)))
        column = typed.sub(int16(get(below, x)), int16(get(above, x)))
        put(out, x, typed.add(typed.add(far, far), typed.add(row, column)))


@kernel
def end_value(a, b, c, e, left, right, k):
    """The window k around element e, whose neighbours are the elements left and right; -1 is a 0 outside.

    Without a loop over the window: this runs twice a row, and a short row takes no longer.
    """
    total = k[0, 1] * a[e] + k[1, 1] * b[e] + k[2, 1] * c[e]
    if left >= 0:
        total += k[0, 0] * a[left] + k[1, 0] * b[left] + k[2, 0] * c[left]
    if right >= 0:
        total += k[0, 2] * a[right] + k[1, 2] * b[right] + k[2, 2] * c[right]
    return int16(total)


@kernel
def ends3(a, b, c, cn, left, right, k, out):
    """The first and the last pixel of a row; left and right as stand_ins gives them."""
    n = out.size
    for e in range(cn):
        out[e] = end_value(a, b, c, e, left_of(e, cn, left), right_of(e, n, cn, right), k)
    for e in range(n - cn, n):
        out[e] = end_value(a, b, c, e, left_of(e, cn, left), right_of(e, n, cn, right), k)


@kernel
def diagonal_band(src, outside, cn, border, falling, k, dst, y0, y1):
    """Rows [y0, y1) of the derivative along the diagonal that falls to the right or the other; k holds its weights."""
    n = src.shape[1]
    inner = max(n - 2 * cn, 0)
    left, right = stand_ins(n, cn, border)
    for y in range(y0, y1):
        a, b, c = row_at(src, outside, y - 1, border), src[y], row_at(src, outside, y + 1, border)
        out = dst[y][cn : cn + inner]
        if falling:
            diagonal_row(a, c[2 * cn :], b, b[2 * cn :], a[cn:], c[cn:], out)
        else:
            diagonal_row(a[2 * cn :], c, b[2 * cn :], b, a[cn:], c[cn:], out)
        ends3(a, b, c, cn, left, right, k, dst[y])
