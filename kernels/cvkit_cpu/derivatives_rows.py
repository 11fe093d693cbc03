"""Derivatives of uint8 in int16 on the CPU with windows of 3 x 3, in one loop over a row.

A row of the image is a row of w * cn values; its neighbours to the left and right lie cn values away. Most of the time
goes into widening uint8 to int16, so most forms take four rows at a time, which share what they have in common. The
pixel at either end, whose neighbours come from the border, is summed by itself.
"""

from numba import int16

from cvkit_cpu import typed
from cvkit_cpu.derivatives_ends import left_of, pixel, right_of, stand_ins
from cvkit_cpu.jit import inlined, kernel
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
def smoothed(above, here, below):
    """The weights [1 2 1]."""
    return typed.add(typed.add(above, below), typed.add(here, here))


@kernel
def slope_at(row, left, right):
    """The difference of two elements, -1 being a 0."""
    return typed.sub(pixel(row, right), pixel(row, left))


@kernel
def across4(a, b, c, d, e, f, cn, left, right, outer, middle, out0, out1, out2, out3):
    """Four rows of the derivative along the rows, from six of the image: they share the differences.

    outer and middle weigh those of the rows above and below, and of the row itself.
    """
    n = out0.size
    inner = max(n - 2 * cn, 0)
    sobel = outer == int16(1) and middle == int16(2)
    a2, b2, c2, d2, e2, f2 = a[2 * cn :], b[2 * cn :], c[2 * cn :], d[2 * cn :], e[2 * cn :], f[2 * cn :]
    o0, o1, o2, o3 = out0[cn:], out1[cn:], out2[cn:], out3[cn:]
    for i in range(2):
        start, stop = piece(i, inner)
        if sobel:
            for x in range(start, stop):
                s0 = typed.sub(int16(get(a2, x)), int16(get(a, x)))
                s1 = typed.sub(int16(get(b2, x)), int16(get(b, x)))
                s2 = typed.sub(int16(get(c2, x)), int16(get(c, x)))
                s3 = typed.sub(int16(get(d2, x)), int16(get(d, x)))
                s4 = typed.sub(int16(get(e2, x)), int16(get(e, x)))
                s5 = typed.sub(int16(get(f2, x)), int16(get(f, x)))
                t0, t1, t2 = typed.add(s0, s1), typed.add(s1, s2), typed.add(s2, s3)
                t3, t4 = typed.add(s3, s4), typed.add(s4, s5)
                put(o0, x, typed.add(t0, t1))
                put(o1, x, typed.add(t1, t2))
                put(o2, x, typed.add(t2, t3))
                put(o3, x, typed.add(t3, t4))
        else:
            for x in range(start, stop):
                s0 = typed.sub(int16(get(a2, x)), int16(get(a, x)))
                s1 = typed.sub(int16(get(b2, x)), int16(get(b, x)))
                s2 = typed.sub(int16(get(c2, x)), int16(get(c, x)))
                s3 = typed.sub(int16(get(d2, x)), int16(get(d, x)))
                s4 = typed.sub(int16(get(e2, x)), int16(get(e, x)))
                s5 = typed.sub(int16(get(f2, x)), int16(get(f, x)))
                put(o0, x, weighted(outer, s0, s2, middle, s1))
                put(o1, x, weighted(outer, s1, s3, middle, s2))
                put(o2, x, weighted(outer, s2, s4, middle, s3))
                put(o3, x, weighted(outer, s3, s5, middle, s4))
    for i in range(2 * cn):
        x = i if i < cn else n - 2 * cn + i
        p, q = left_of(x, cn, left), right_of(x, n, cn, right)
        s0, s1, s2 = slope_at(a, p, q), slope_at(b, p, q), slope_at(c, p, q)
        s3, s4, s5 = slope_at(d, p, q), slope_at(e, p, q), slope_at(f, p, q)
        put(out0, x, weighted(outer, s0, s2, middle, s1))
        put(out1, x, weighted(outer, s1, s3, middle, s2))
        put(out2, x, weighted(outer, s2, s4, middle, s3))
        put(out3, x, weighted(outer, s3, s5, middle, s4))


@kernel
def smooth_at(row, outer, middle, left, x, right):
    """The weighted sum of three elements, -1 being a 0."""
    return weighted(outer, pixel(row, left), pixel(row, right), middle, int16(get(row, x)))


@kernel
def down4(a, b, c, d, e, f, cn, left, right, outer, middle, out0, out1, out2, out3):
    """As across4, down the columns: the rows share their weighted sums."""
    n = out0.size
    inner = max(n - 2 * cn, 0)
    sobel = outer == int16(1) and middle == int16(2)
    a1, b1, c1, d1, e1, f1 = a[cn:], b[cn:], c[cn:], d[cn:], e[cn:], f[cn:]
    a2, b2, c2, d2, e2, f2 = a[2 * cn :], b[2 * cn :], c[2 * cn :], d[2 * cn :], e[2 * cn :], f[2 * cn :]
    o0, o1, o2, o3 = out0[cn:], out1[cn:], out2[cn:], out3[cn:]
    for i in range(2):
        start, stop = piece(i, inner)
        if sobel:
            for x in range(start, stop):
                s0 = smoothed(int16(get(a, x)), int16(get(a1, x)), int16(get(a2, x)))
                s1 = smoothed(int16(get(b, x)), int16(get(b1, x)), int16(get(b2, x)))
                s2 = smoothed(int16(get(c, x)), int16(get(c1, x)), int16(get(c2, x)))
                s3 = smoothed(int16(get(d, x)), int16(get(d1, x)), int16(get(d2, x)))
                s4 = smoothed(int16(get(e, x)), int16(get(e1, x)), int16(get(e2, x)))
                s5 = smoothed(int16(get(f, x)), int16(get(f1, x)), int16(get(f2, x)))
                put(o0, x, typed.sub(s2, s0))
                put(o1, x, typed.sub(s3, s1))
                put(o2, x, typed.sub(s4, s2))
                put(o3, x, typed.sub(s5, s3))
        else:
            for x in range(start, stop):
                s0 = weighted(outer, int16(get(a2, x)), int16(get(a, x)), middle, int16(get(a1, x)))
                s1 = weighted(outer, int16(get(b2, x)), int16(get(b, x)), middle, int16(get(b1, x)))
                s2 = weighted(outer, int16(get(c2, x)), int16(get(c, x)), middle, int16(get(c1, x)))
                s3 = weighted(outer, int16(get(d2, x)), int16(get(d, x)), middle, int16(get(d1, x)))
                s4 = weighted(outer, int16(get(e2, x)), int16(get(e, x)), middle, int16(get(e1, x)))
                s5 = weighted(outer, int16(get(f2, x)), int16(get(f, x)), middle, int16(get(f1, x)))
                put(o0, x, typed.sub(s2, s0))
                put(o1, x, typed.sub(s3, s1))
                put(o2, x, typed.sub(s4, s2))
                put(o3, x, typed.sub(s5, s3))
    for i in range(2 * cn):
        x = i if i < cn else n - 2 * cn + i
        p, q = left_of(x, cn, left), right_of(x, n, cn, right)
        s2, s3 = smooth_at(c, outer, middle, p, x, q), smooth_at(d, outer, middle, p, x, q)
        put(out0, x, typed.sub(s2, smooth_at(a, outer, middle, p, x, q)))
        put(out1, x, typed.sub(s3, smooth_at(b, outer, middle, p, x, q)))
        put(out2, x, typed.sub(smooth_at(e, outer, middle, p, x, q), s2))
        put(out3, x, typed.sub(smooth_at(f, outer, middle, p, x, q), s3))


@kernel
def less_four(a, b, centre):
    """The sum of two values less four times a third."""
    return typed.sub(typed.add(a, b), typed.shl(centre, int16(2)))


@kernel
def sum_at(row, left, right):
    """The sum of two elements, -1 being a 0."""
    return typed.add(pixel(row, left), pixel(row, right))


@kernel
def cross4(a, b, c, d, e, f, cn, left, right, out0, out1, out2, out3):
    """[0 1 0; 1 -4 1; 0 1 0] for four rows, which share their middles."""
    n = out0.size
    inner = max(n - 2 * cn, 0)
    a1, b1, c1, d1, e1, f1 = a[cn:], b[cn:], c[cn:], d[cn:], e[cn:], f[cn:]
    b2, c2, d2, e2 = b[2 * cn :], c[2 * cn :], d[2 * cn :], e[2 * cn :]
    o0, o1, o2, o3 = out0[cn:], out1[cn:], out2[cn:], out3[cn:]
    for i in range(2):
        start, stop = piece(i, inner)
        for x in range(start, stop):
            m0, m1, m2 = int16(get(a1, x)), int16(get(b1, x)), int16(get(c1, x))
            m3, m4, m5 = int16(get(d1, x)), int16(get(e1, x)), int16(get(f1, x))
            put(o0, x, typed.add(less_four(int16(get(b, x)), int16(get(b2, x)), m1), typed.add(m0, m2)))
            put(o1, x, typed.add(less_four(int16(get(c, x)), int16(get(c2, x)), m2), typed.add(m1, m3)))
            put(o2, x, typed.add(less_four(int16(get(d, x)), int16(get(d2, x)), m3), typed.add(m2, m4)))
            put(o3, x, typed.add(less_four(int16(get(e, x)), int16(get(e2, x)), m4), typed.add(m3, m5)))
    for i in range(2 * cn):
        x = i if i < cn else n - 2 * cn + i
        p, q = left_of(x, cn, left), right_of(x, n, cn, right)
        m0, m1, m2 = int16(get(a, x)), int16(get(b, x)), int16(get(c, x))
        m3, m4, m5 = int16(get(d, x)), int16(get(e, x)), int16(get(f, x))
        put(out0, x, typed.add(less_four(m0, m2, m1), sum_at(b, p, q)))
        put(out1, x, typed.add(less_four(m1, m3, m2), sum_at(c, p, q)))
        put(out2, x, typed.add(less_four(m2, m4, m3), sum_at(d, p, q)))
        put(out3, x, typed.add(less_four(m3, m5, m4), sum_at(e, p, q)))


@kernel
def doubled(value):
    """Twice a value."""
    return typed.add(value, value)


@kernel
def corners4(a, b, c, d, e, f, cn, left, right, out0, out1, out2, out3):
    """[2 0 2; 0 -8 0; 2 0 2] for four rows, which share the sums of their sides."""
    n = out0.size
    inner = max(n - 2 * cn, 0)
    b1, c1, d1, e1 = b[cn:], c[cn:], d[cn:], e[cn:]
    a2, b2, c2, d2, e2, f2 = a[2 * cn :], b[2 * cn :], c[2 * cn :], d[2 * cn :], e[2 * cn :], f[2 * cn :]
    o0, o1, o2, o3 = out0[cn:], out1[cn:], out2[cn:], out3[cn:]
    for i in range(2):
        start, stop = piece(i, inner)
        for x in range(start, stop):
            s0 = typed.add(int16(get(a2, x)), int16(get(a, x)))
            s1 = typed.add(int16(get(b2, x)), int16(get(b, x)))
            s2 = typed.add(int16(get(c2, x)), int16(get(c, x)))
            s3 = typed.add(int16(get(d2, x)), int16(get(d, x)))
            s4 = typed.add(int16(get(e2, x)), int16(get(e, x)))
            s5 = typed.add(int16(get(f2, x)), int16(get(f, x)))
            put(o0, x, doubled(less_four(s0, s2, int16(get(b1, x)))))
            put(o1, x, doubled(less_four(s1, s3, int16(get(c1, x)))))
            put(o2, x, doubled(less_four(s2, s4, int16(get(d1, x)))))
            put(o3, x, doubled(less_four(s3, s5, int16(get(e1, x)))))
    for i in range(2 * cn):
        x = i if i < cn else n - 2 * cn + i
        p, q = left_of(x, cn, left), right_of(x, n, cn, right)
        s2, s3 = sum_at(c, p, q), sum_at(d, p, q)
        put(out0, x, doubled(less_four(sum_at(a, p, q), s2, int16(get(b, x)))))
        put(out1, x, doubled(less_four(sum_at(b, p, q), s3, int16(get(c, x)))))
        put(out2, x, doubled(less_four(s2, sum_at(e, p, q), int16(get(d, x)))))
        put(out3, x, doubled(less_four(s3, sum_at(f, p, q), int16(get(e, x)))))


@inlined
def six_rows(src, outside, y, border):
    """The rows that four rows of the result from y on are made of."""
    h = src.shape[0]
    a, b, c = row_at(src, outside, y - 1, border), src[y], row_at(src, outside, min(y + 1, h), border)
    d, e = row_at(src, outside, min(y + 2, h), border), row_at(src, outside, min(y + 3, h), border)
    return a, b, c, d, e, row_at(src, outside, min(y + 4, h), border)


@inlined
def four_rows(dst, spare, y, end):
    """Rows of the result from y on; what is made of rows from ``end`` on goes into the spare ones."""
    second, third = dst[y + 1] if y + 1 < end else spare[0], dst[y + 2] if y + 2 < end else spare[1]
    return dst[y], second, third, dst[y + 3] if y + 3 < end else spare[2]


@kernel
def slopes_band(src, outside, cn, border, down, outer, middle, dst, spare, y0, y1):
    """Rows [y0, y1) of a first derivative, four at a time."""
    left, right = stand_ins(src.shape[1], cn, border)
    for y in range(y0, y1, 4):
        a, b, c, d, e, f = six_rows(src, outside, y, border)
        o0, o1, o2, o3 = four_rows(dst, spare, y, y1)
        if down:
            down4(a, b, c, d, e, f, cn, left, right, outer, middle, o0, o1, o2, o3)
        else:
            across4(a, b, c, d, e, f, cn, left, right, outer, middle, o0, o1, o2, o3)


@kernel
def laplacian_band(src, outside, cn, border, corners, dst, spare, y0, y1):
    """Rows [y0, y1) of a Laplacian, of the four diagonal neighbours or of the four nearest, four at a time."""
    left, right = stand_ins(src.shape[1], cn, border)
    for y in range(y0, y1, 4):
        a, b, c, d, e, f = six_rows(src, outside, y, border)
        o0, o1, o2, o3 = four_rows(dst, spare, y, y1)
        if corners:
            corners4(a, b, c, d, e, f, cn, left, right, o0, o1, o2, o3)
        else:
            cross4(a, b, c, d, e, f, cn, left, right, o0, o1, o2, o3)


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
