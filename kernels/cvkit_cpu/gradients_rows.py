"""Derivatives of uint8 in int16 on the CPU: windows of 3 x 3 in one loop over a row, those of 5 x 5 in two.

A row of the image is a row of w * cn values; its neighbours to the left and right lie cn values away. Most of the time
goes into widening uint8 to int16, so most forms take four rows at a time, or keep what a row gives for those above and
below it. The pixel at either end, whose neighbours come from the border, is summed by itself.
"""

from cvkit_math.borders import CONSTANT, source_index
from numba import int16

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.linear_values import get, put
from cvkit_cpu.rows import row_at

# Forms of a 3 x 3 window: a derivative along the rows or down the columns, the Laplacian of the four nearest or of the
# four diagonal neighbours.
ACROSS, DOWN, CROSS, CORNERS = range(4)


@kernel
def pixel(row, e):
    """Element e as int16, or 0 for -1."""
    return int16(row[e]) if e >= 0 else int16(0)


@kernel
def stand_ins(n, cn, border):
    """The first elements of the pixels that stand for those left of a row and right of it, or -1 for zeros."""
    if border == CONSTANT:
        return -1, -1
    w = n // cn
    return source_index(-1, w, border) * cn, source_index(w, w, border) * cn


@kernel
def left_of(e, cn, left):
    """The element beside e on its left, ``left`` being the stand-in; -1 for a 0."""
    return e - cn if e >= cn else (left + e if left >= 0 else -1)


@kernel
def right_of(e, n, cn, right):
    """The element beside e on its right, ``right`` being the stand-in; -1 for a 0."""
    return e + cn if e + cn < n else (right + e - (n - cn) if right >= 0 else -1)


@kernel
def weighted(outer, above, below, middle, here):
    """outer times the sum of two values and middle times a third."""
    return typed.add(typed.mul(outer, typed.add(above, below)), typed.mul(middle, here))


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
    a2, b2, c2, d2, e2, f2 = a[2 * cn :], b[2 * cn :], c[2 * cn :], d[2 * cn :], e[2 * cn :], f[2 * cn :]
    o0, o1, o2, o3 = out0[cn:], out1[cn:], out2[cn:], out3[cn:]
    for x in range(inner):
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
        out0[x] = weighted(outer, s0, s2, middle, s1)
        out1[x] = weighted(outer, s1, s3, middle, s2)
        out2[x] = weighted(outer, s2, s4, middle, s3)
        out3[x] = weighted(outer, s3, s5, middle, s4)


@kernel
def smooth_at(row, outer, middle, left, x, right):
    """The weighted sum of three elements, -1 being a 0."""
    return weighted(outer, pixel(row, left), pixel(row, right), middle, int16(row[x]))


@kernel
def down4(a, b, c, d, e, f, cn, left, right, outer, middle, out0, out1, out2, out3):
    """As across4, down the columns: the rows share their weighted sums."""
    n = out0.size
    inner = max(n - 2 * cn, 0)
    a1, b1, c1, d1, e1, f1 = a[cn:], b[cn:], c[cn:], d[cn:], e[cn:], f[cn:]
    a2, b2, c2, d2, e2, f2 = a[2 * cn :], b[2 * cn :], c[2 * cn :], d[2 * cn :], e[2 * cn :], f[2 * cn :]
    o0, o1, o2, o3 = out0[cn:], out1[cn:], out2[cn:], out3[cn:]
    for x in range(inner):
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
        out0[x] = typed.sub(s2, smooth_at(a, outer, middle, p, x, q))
        out1[x] = typed.sub(s3, smooth_at(b, outer, middle, p, x, q))
        out2[x] = typed.sub(smooth_at(e, outer, middle, p, x, q), s2)
        out3[x] = typed.sub(smooth_at(f, outer, middle, p, x, q), s3)


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
    for x in range(inner):
        m0, m1, m2 = int16(get(a1, x)), int16(get(b1, x)), int16(get(c1, x))
        m3, m4, m5 = int16(get(d1, x)), int16(get(e1, x)), int16(get(f1, x))
        put(o0, x, typed.add(less_four(int16(get(b, x)), int16(get(b2, x)), m1), typed.add(m0, m2)))
        put(o1, x, typed.add(less_four(int16(get(c, x)), int16(get(c2, x)), m2), typed.add(m1, m3)))
        put(o2, x, typed.add(less_four(int16(get(d, x)), int16(get(d2, x)), m3), typed.add(m2, m4)))
        put(o3, x, typed.add(less_four(int16(get(e, x)), int16(get(e2, x)), m4), typed.add(m3, m5)))
    for i in range(2 * cn):
        x = i if i < cn else n - 2 * cn + i
        p, q = left_of(x, cn, left), right_of(x, n, cn, right)
        m0, m1, m2, m3, m4, m5 = int16(a[x]), int16(b[x]), int16(c[x]), int16(d[x]), int16(e[x]), int16(f[x])
        out0[x] = typed.add(less_four(m0, m2, m1), sum_at(b, p, q))
        out1[x] = typed.add(less_four(m1, m3, m2), sum_at(c, p, q))
        out2[x] = typed.add(less_four(m2, m4, m3), sum_at(d, p, q))
        out3[x] = typed.add(less_four(m3, m5, m4), sum_at(e, p, q))


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
    for x in range(inner):
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
        out0[x] = doubled(less_four(sum_at(a, p, q), s2, int16(b[x])))
        out1[x] = doubled(less_four(sum_at(b, p, q), s3, int16(c[x])))
        out2[x] = doubled(less_four(s2, sum_at(e, p, q), int16(d[x])))
        out3[x] = doubled(less_four(s3, sum_at(f, p, q), int16(e[x])))


@kernel
def four_band(src, outside, cn, border, form, outer, middle, dst, spare, y0, y1):
    """Rows [y0, y1) of one of the forms, four at a time; what is made of rows beyond y1 goes into the spare ones."""
    h, n = src.shape
    left, right = stand_ins(n, cn, border)
    for y in range(y0, y1, 4):
        a, b = row_at(src, outside, y - 1, border), src[y]
        c, d = row_at(src, outside, min(y + 1, h), border), row_at(src, outside, min(y + 2, h), border)
        e, f = row_at(src, outside, min(y + 3, h), border), row_at(src, outside, min(y + 4, h), border)
        o0, o1 = dst[y], dst[y + 1] if y + 1 < y1 else spare[0]
        o2, o3 = dst[y + 2] if y + 2 < y1 else spare[1], dst[y + 3] if y + 3 < y1 else spare[2]
        if form == ACROSS:
            across4(a, b, c, d, e, f, cn, left, right, outer, middle, o0, o1, o2, o3)
        elif form == DOWN:
            down4(a, b, c, d, e, f, cn, left, right, outer, middle, o0, o1, o2, o3)
        elif form == CROSS:
            cross4(a, b, c, d, e, f, cn, left, right, o0, o1, o2, o3)
        else:
            corners4(a, b, c, d, e, f, cn, left, right, o0, o1, o2, o3)


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


@kernel
def both_row(row, cn, left, right, outer, middle, above, here, below, dx, dy):
    """Both derivatives of a row from its neighbours'. Each line of the ring: the differences along a row, and behind
    them its weighted sums.
    """
    n = dx.size
    inner = max(n - 2 * cn, 0)
    centre, after = row[cn:], row[2 * cn :]
    u, v, t = above[cn:], here[cn:], above[n + cn :]
    slope, smooth = below[cn : cn + inner], below[n + cn : n + cn + inner]
    across, down = dx[cn : cn + inner], dy[cn : cn + inner]
    for x in range(inner):
        p, q = int16(get(row, x)), int16(get(after, x))
        d = typed.sub(q, p)
        s = typed.add(typed.mul(outer, typed.add(q, p)), typed.mul(middle, int16(get(centre, x))))
        put(slope, x, d)
        put(smooth, x, s)
        put(across, x, typed.add(typed.mul(outer, typed.add(get(u, x), d)), typed.mul(middle, get(v, x))))
        put(down, x, typed.sub(s, get(t, x)))
    for i in range(2 * cn):
        e = i if i < cn else n - 2 * cn + i
        p, q = pixel(row, left_of(e, cn, left)), pixel(row, right_of(e, n, cn, right))
        d = typed.sub(q, p)
        s = typed.add(typed.mul(outer, typed.add(q, p)), typed.mul(middle, int16(row[e])))
        below[e] = d
        below[n + e] = s
        dx[e] = typed.add(typed.mul(outer, typed.add(above[e], d)), typed.mul(middle, here[e]))
        dy[e] = typed.sub(s, above[n + e])


@kernel
def both_step(src, outside, cn, border, left, right, outer, middle, p, ring, dx, dy):
    """Row p into the ring, and both derivatives of row p - 1 from it."""
    row, above, here, below = row_at(src, outside, p, border), ring[(p + 1) % 3], ring[(p + 2) % 3], ring[(p + 3) % 3]
    both_row(row, cn, left, right, outer, middle, above, here, below, dx, dy)


@kernel
def both_band(src, outside, cn, border, outer, middle, dx, dy, ring, y0, y1):
    """Rows [y0, y1) of both derivatives with 3 x 3 weights. ring: three lines as in both_row, and one for nothing."""
    n = src.shape[1]
    left, right = stand_ins(n, cn, border)
    for p in range(y0 - 1, y1 + 1):
        kept = p > y0
        across, down = dx[p - 1] if kept else ring[3][:n], dy[p - 1] if kept else ring[3][n:]
        both_step(src, outside, cn, border, left, right, outer, middle, p, ring, across, down)
