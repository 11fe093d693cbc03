"""From an image to a function of its structure tensor, a stripe of columns at a time, through rings of a few rows.

The sums over windows run down the columns from the top of the image, as OpenCV's do, so that their rounding is the
same; hence stripes of columns and not bands of rows.
"""

import math

from cvkit_math.borders import CONSTANT, source_index
from numba import float32, float64, intp

from cvkit_cpu.corners_rows import (
    add_sums,
    extend_row,
    move_down,
    multiply_rows,
    products_of_bytes,
    products_of_floats,
    window_sums,
)
from cvkit_cpu.jit import kernel
from cvkit_cpu.linear_values import multiply_add
from cvkit_cpu.views import get, put

EPSILON_F32, EPSILON_F64 = 2.0**-23, 2.0**-52


@kernel
def harris(a, b, c, k):
    """det - k * trace^2"""
    s = a + c
    return (a * c - b * b) - float32(k) * (s * s)


@kernel
def smaller_eigenvalue(a, b, c):
    """Of the matrix a, b; b, c."""
    a, c = a * float32(0.5), c * float32(0.5)
    t = a - c
    return (a + c) - math.sqrt(b * b + t * t)


@kernel
def harris_row(tensor, k, front, middle, out):
    """Up to element ``front``, to ``middle`` and to the end: OpenCV's vectors of 8, of 4, and single elements."""
    aa, bb, cc = tensor[0], tensor[1], tensor[2]
    for x in range(front):
        put(out, x, harris(get(aa, x), get(bb, x), get(cc, x), k))
    for x in range(front, out.size):
        a, b, c = aa[x], bb[x], cc[x]
        s = a + c
        if x < middle:
            out[x] = (a * c - b * b) - (float32(k) * s) * s
        else:
            out[x] = float64(a * c - b * b) - k * float64(s) * float64(s)


@kernel
def eigenvalue_row(tensor, out):
    """Smaller eigenvalues of a row."""
    aa, bb, cc = tensor[0], tensor[1], tensor[2]
    for x in range(out.size):
        put(out, x, smaller_eigenvalue(get(aa, x), get(bb, x), get(cc, x)))


@kernel
def direction(a, b, c, value):
    """Eigenvector of the matrix a, b; b, c, of length 1 or, where it is zero but for rounding, less."""
    x, y = b, value - a
    size = abs(x) + abs(y)
    if size < 1e-4:
        x, y = value - c, b
        size = abs(x) + abs(y)
        if size < 1e-4:
            size = 1.0 / (size + EPSILON_F32)
            x, y = x * size, y * size
    d = 1.0 / math.sqrt(x * x + y * y + EPSILON_F64)
    return x * d, y * d


@kernel
def eigen_row(tensor, out):
    """Of each pixel both eigenvalues, the larger first, and their eigenvectors: 6 values a pixel."""
    aa, bb, cc = tensor[0], tensor[1], tensor[2]
    for i in range(out.size // 6):
        a, b, c = float64(aa[i]), float64(bb[i]), float64(cc[i])
        u = (a + c) * 0.5
        v = math.sqrt((a - c) * (a - c) * 0.25 + b * b)
        first, second = direction(a, b, c, u + v), direction(a, b, c, u - v)
        pixel = out[6 * i : 6 * i + 6]
        pixel[0], pixel[1] = u + v, u - v
        pixel[2], pixel[3] = first
        pixel[4], pixel[5] = second


@kernel
def pair_of_2(upper, middle, below, held, left, one, k, out, lower):
    """Windows of 2 x 2; each value is widened once and handed on to the next pixel."""
    minus = -one
    ua, ub, uc = upper[0], upper[1], upper[2]
    ma, mb, mc = middle[0], middle[1], middle[2]
    la, lb, lc = below[0], below[1], below[2]
    ha, hb, hc = held[0], held[1], held[2]
    ra, rb, rc = left[0], left[1], left[2]
    ua0, ub0, uc0 = float64(ua[0]), float64(ub[0]), float64(uc[0])
    ma0, mb0, mc0 = float64(ma[0]), float64(mb[0]), float64(mc[0])
    la0, lb0, lc0 = float64(la[0]), float64(lb[0]), float64(lc[0])
    for x in range(out.size):
        ua1, ub1, uc1 = float64(get(ua, x + 1)), float64(get(ub, x + 1)), float64(get(uc, x + 1))
        ma1, mb1, mc1 = float64(get(ma, x + 1)), float64(get(mb, x + 1)), float64(get(mc, x + 1))
        la1, lb1, lc1 = float64(get(la, x + 1)), float64(get(lb, x + 1)), float64(get(lc, x + 1))
        oa, ob, oc = multiply_add(ua0, one, ua1), multiply_add(ub0, one, ub1), multiply_add(uc0, one, uc1)
        na, nb, nc = ma0 + ma1, mb0 + mb1, mc0 + mc1
        ta, tb, tc = get(ha, x) + na, get(hb, x) + nb, get(hc, x) + nc
        put(out, x, harris(float32(ta), float32(tb), float32(tc), k))
        ta, tb, tc = multiply_add(oa, minus, ta), multiply_add(ob, minus, tb), multiply_add(oc, minus, tc)
        oa, ob, oc = multiply_add(la0, one, la1), multiply_add(lb0, one, lb1), multiply_add(lc0, one, lc1)
        ta, tb, tc = multiply_add(oa, one, ta), multiply_add(ob, one, tb), multiply_add(oc, one, tc)
        put(lower, x, harris(float32(ta), float32(tb), float32(tc), k))
        put(ra, x, multiply_add(na, minus, ta))
        put(rb, x, multiply_add(nb, minus, tb))
        put(rc, x, multiply_add(nc, minus, tc))
        ua0, ub0, uc0, ma0, mb0, mc0, la0, lb0, lc0 = ua1, ub1, uc1, ma1, mb1, mc1, la1, lb1, lc1


@kernel
def pair_of_3(upper, middle, come, last, held, left, one, out, lower):
    """Windows of 3 x 3: the two upper rows leave, the two lower ones come."""
    minus = -one
    ua, ub, uc = upper[0], upper[1], upper[2]
    ma, mb, mc = middle[0], middle[1], middle[2]
    ca, cb, cc = come[0], come[1], come[2]
    la, lb, lc = last[0], last[1], last[2]
    ha, hb, hc = held[0], held[1], held[2]
    ra, rb, rc = left[0], left[1], left[2]
    for x in range(out.size):
        ta, tb, tc = (
            get(ha, x) + ((float64(get(ca, x)) + float64(get(ca, x + 1))) + float64(get(ca, x + 2))),
            get(hb, x) + ((float64(get(cb, x)) + float64(get(cb, x + 1))) + float64(get(cb, x + 2))),
            get(hc, x) + ((float64(get(cc, x)) + float64(get(cc, x + 1))) + float64(get(cc, x + 2))),
        )
        put(out, x, smaller_eigenvalue(float32(ta), float32(tb), float32(tc)))
        oa = multiply_add(float64(get(ua, x)), one, float64(get(ua, x + 1))) + float64(get(ua, x + 2))
        ob = multiply_add(float64(get(ub, x)), one, float64(get(ub, x + 1))) + float64(get(ub, x + 2))
        oc = multiply_add(float64(get(uc, x)), one, float64(get(uc, x + 1))) + float64(get(uc, x + 2))
        ta, tb, tc = multiply_add(oa, minus, ta), multiply_add(ob, minus, tb), multiply_add(oc, minus, tc)
        na = multiply_add(float64(get(la, x)), one, float64(get(la, x + 1))) + float64(get(la, x + 2))
        nb = multiply_add(float64(get(lb, x)), one, float64(get(lb, x + 1))) + float64(get(lb, x + 2))
        nc = multiply_add(float64(get(lc, x)), one, float64(get(lc, x + 1))) + float64(get(lc, x + 2))
        ta, tb, tc = multiply_add(na, one, ta), multiply_add(nb, one, tb), multiply_add(nc, one, tc)
        put(lower, x, smaller_eigenvalue(float32(ta), float32(tb), float32(tc)))
        oa = multiply_add(float64(get(ma, x)), one, float64(get(ma, x + 1))) + float64(get(ma, x + 2))
        ob = multiply_add(float64(get(mb, x)), one, float64(get(mb, x + 1))) + float64(get(mb, x + 2))
        oc = multiply_add(float64(get(mc, x)), one, float64(get(mc, x + 1))) + float64(get(mc, x + 2))
        put(ra, x, multiply_add(oa, minus, ta))
        put(rb, x, multiply_add(ob, minus, tb))
        put(rc, x, multiply_add(oc, minus, tc))


@kernel
def place_of(row, h, border, places):
    """Where the products of a row stand, which lies outside the image, perhaps; the last place holds zeros."""
    if border == CONSTANT and (row < 0 or row >= h):
        return places
    return source_index(row, h, border) % places


@kernel
def tensor_stripe(
    src,
    byte,
    single,
    down,
    dst,
    block,
    border,
    k,
    smaller,
    six,
    one,
    width,
    padded,
    rings,
    products,
    sums,
    running,
    tensor,
    x0,
    x1,
):
    """Columns [x0, x1), in stripes of ``width``.

    One of byte, single and down is not None, and one of k, smaller and six; code for the others is not compiled. byte,
    single: the two weights of a smoothing kernel of three, for src in uint8 or float32; down: src is the derivative
    along the rows, and this that down the columns. k: the constant of Harris's response; smaller: the smaller
    eigenvalue; six: both eigenvalues and their vectors.

    one: None, or 1 in float64, with k or smaller: then two rows go from their products to the result in one loop, for
    the window that each response takes as a rule. More of such loops would take their time to compile. To add by
    multiplying with 1 leaves the sum as it is, and shares the work among the units of processors that have some for
    additions and others for multiplications.

    products: a ring, row p in place p % places, and a row of zeros behind them. running: the sums over windows without
    their lowest row, by turns in one half and the other.
    """
    h, w = src.shape
    places = products.shape[0] - 1
    up = block // 2
    usual = 2 if smaller is None else 3
    for left in range(x0, x1, width):
        n = min(width, x1 - left)
        c0 = max(left - up, 0)
        first = c0 - (left - up)
        length = n + block - 1
        count = min(left - up + length, w) - c0
        products[places] = 0
        running[0] = 0
        made = turn_of = y = intp(0)
        while y < h:
            lowest = y - up + block - 1
            needed = min(h, max(lowest, up) + 1)
            paired = False
            if one is not None:
                paired = block == usual and y > 0 and made == lowest and lowest + 1 < h
                paired = paired and (y + 2) * w <= h * w // 8 * 8
                needed += paired
            while made < needed:
                row = products[made % places]
                if byte is not None:
                    products_of_bytes(src, made, c0, border, byte, rings, row, first, count)
                if single is not None:
                    products_of_floats(src, made, c0, border, single, padded, rings, row, first, count)
                if down is not None:
                    multiply_rows(src[made][c0 : c0 + count], down[made][c0 : c0 + count], row, first)
                if count < length:
                    extend_row(row, length, first, count, c0, w, border)
                made += 1
            if y == 0:
                for p in range(-up, block - 1 - up):
                    window_sums(products[place_of(p, h, border, places)], block, sums[0], n)
                    add_sums(sums[0], running[0], n)
            held, after = running[turn_of], running[1 - turn_of]
            turn_of = 1 - turn_of
            top = products[place_of(y - up, h, border, places)]
            if one is not None and paired:
                out, lower = dst[y][left : left + n], dst[y + 1][left : left + n]
                middle, below = products[(y - up + 1) % places], products[(y - up + 2) % places]
                if k is not None:
                    pair_of_2(top, middle, below, held, after, one, k, out, lower)
                if smaller is not None:
                    pair_of_3(top, middle, below, products[(y - up + 3) % places], held, after, one, out, lower)
                y += 2
                continue
            window_sums(products[place_of(lowest, h, border, places)], block, sums[0], n)
            window_sums(top, block, sums[1], n)
            move_down(sums[0], sums[1], held, after, tensor, n)
            if k is not None:
                start = y * w + left
                eights, fours = min(max(h * w // 8 * 8 - start, 0), n), min(max(h * w // 4 * 4 - start, 0), n)
                harris_row(tensor, k, eights, fours, dst[y][left : left + n])
            if smaller is not None:
                eigenvalue_row(tensor, dst[y][left : left + n])
            if six is not None:
                eigen_row(tensor, dst[y][6 * left : 6 * (left + n)])
            y += 1
