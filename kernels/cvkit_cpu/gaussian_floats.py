"""Gaussian kernels of 3 or 5 taps each way on float32, in the order of OpenCV's sums.

Rows of the image are smoothed straight into a ring; four rows of the result are then made of it at a time, as they
share most of what they read.
"""

from cvkit_math.borders import CONSTANT, source_index
from numba import float32

from cvkit_cpu.jit import kernel
from cvkit_cpu.linear_values import multiply, multiply_add
from cvkit_cpu.views import apart, first_aligned, get, half_vectors, put, read, written

HEIGHT = 4  # rows at a time
LINE = 16  # values on a line of the cache
STRIPE = 1 << 17  # values in the ring: half a megabyte, which the second level of cache holds beside the image
FUSED = 8  # sums are fused down the columns up to a multiple of this


def stripe(n, radius):
    """Elements of a row that are taken at a time, a multiple of a line of the cache: all of them, if the ring holds
    them.
    """
    most = STRIPE // (HEIGHT + 2 * radius)
    pieces = -(-n // most)
    return -(-n // (pieces * LINE)) * LINE


def scratch(n, radius, cn):
    """Of a band: the ring and a spare row; what lies around either end of a row, and where it comes from."""
    around = 6 * radius * cn
    return (
        ((HEIGHT + 2 * radius + 1) * stripe(n, radius) + LINE, "float32"),
        (around, "float32"),
        (around, "intp"),
    )


@kernel
def along3(a, b, c, k, out):
    """Three mirrored taps along a row."""
    half_vectors()
    k0, k1 = k[1], k[0]
    for x in range(out.size):
        put(out, x, multiply_add(get(b, x), k0, multiply(get(a, x) + get(c, x), k1)))


@kernel
def along5(a, b, c, d, e, k, out):
    """Five mirrored taps along a row."""
    half_vectors()
    k0, k1, k2 = k[2], k[1], k[0]
    for x in range(out.size):
        near, far = get(b, x) + get(d, x), get(a, x) + get(e, x)
        put(out, x, multiply_add(far, k2, multiply_add(get(c, x), k0, multiply(near, k1))))


@kernel
def along_ends(t, i, cn, k, last):
    """The element whose neighbours are around place i of t; the last one of an odd number has roundings of its own."""
    k0, k1, near = k[k.size // 2], k[k.size // 2 - 1], t[i - cn] + t[i + cn]
    if k.size == 3:
        return multiply_add(k1, near, multiply(k0, t[i])) if last else multiply_add(t[i], k0, multiply(near, k1))
    k2, far = k[0], t[i - 2 * cn] + t[i + 2 * cn]
    if last:
        return (multiply(k0, t[i]) + multiply(k1, near)) + multiply(k2, far)
    return multiply_add(far, k2, multiply_add(t[i], k0, multiply(near, k1)))


@kernel
def fused3(a, b, c, k0, k1, zero):
    """Three mirrored taps down a column."""
    return multiply_add(a + c, k1, multiply_add(k0, b, zero))


@kernel
def fused5(a, b, c, d, e, k0, k1, k2, zero):
    """Five mirrored taps down a column."""
    return multiply_add(a + e, k2, multiply_add(b + d, k1, multiply_add(k0, c, zero)))


@kernel
def columns3(a, b, c, d, e, f, k, fused, out0, out1, out2, out3):
    """Four rows of the result from six of the ring; fused up to element ``fused``."""
    apart()
    k0, k1 = k[1], k[0]
    zero = float32(0)
    for x in range(fused):
        vb, vc, vd, ve = get(b, x), get(c, x), get(d, x), get(e, x)
        put(out0, x, fused3(get(a, x), vb, vc, k0, k1, zero))
        put(out1, x, fused3(vb, vc, vd, k0, k1, zero))
        put(out2, x, fused3(vc, vd, ve, k0, k1, zero))
        put(out3, x, fused3(vd, ve, get(f, x), k0, k1, zero))
    for x in range(fused, out0.size):
        out0[x] = multiply_add(a[x] + c[x], k1, multiply(b[x], k0)) + zero
        out1[x] = multiply_add(b[x] + d[x], k1, multiply(c[x], k0)) + zero
        out2[x] = multiply_add(c[x] + e[x], k1, multiply(d[x], k0)) + zero
        out3[x] = multiply_add(d[x] + f[x], k1, multiply(e[x], k0)) + zero


@kernel
def apart5(a, b, c, d, e, k0, k1, k2, zero):
    """Five mirrored taps down a column, with two roundings each."""
    return (multiply_add(k0, c, zero) + multiply(k1, b + d)) + multiply(k2, a + e)


@kernel
def columns5(a, b, c, d, e, f, g, h, k, fused, out0, out1, out2, out3):
    """Four rows of the result from eight of the ring; fused up to element ``fused``."""
    apart()
    k0, k1, k2 = k[2], k[1], k[0]
    zero = float32(0)
    for x in range(fused):
        vb, vc, vd, ve, vf, vg = get(b, x), get(c, x), get(d, x), get(e, x), get(f, x), get(g, x)
        put(out0, x, fused5(get(a, x), vb, vc, vd, ve, k0, k1, k2, zero))
        put(out1, x, fused5(vb, vc, vd, ve, vf, k0, k1, k2, zero))
        put(out2, x, fused5(vc, vd, ve, vf, vg, k0, k1, k2, zero))
        put(out3, x, fused5(vd, ve, vf, vg, get(h, x), k0, k1, k2, zero))
    for x in range(fused, out0.size):
        out0[x] = apart5(a[x], b[x], c[x], d[x], e[x], k0, k1, k2, zero)
        out1[x] = apart5(b[x], c[x], d[x], e[x], f[x], k0, k1, k2, zero)
        out2[x] = apart5(c[x], d[x], e[x], f[x], g[x], k0, k1, k2, zero)
        out3[x] = apart5(d[x], e[x], f[x], g[x], h[x], k0, k1, k2, zero)


@kernel
def sources(n, cn, border, reach, places):
    """Where the elements [-reach, 2 reach) and [n - 2 reach, n + reach) come from; -1 for zeros."""
    half = places.size // 2
    for i in range(places.size):
        e = i - reach if i < half else i - half + n - 2 * reach
        pixel = e // cn
        if border == CONSTANT and (e < 0 or e >= n):
            places[i] = -1
        else:
            places[i] = source_index(pixel, n // cn, border) * cn + e - pixel * cn


@kernel
def smooth_row(row, cn, x0, places, around, k, out):
    """As many elements of a row as out holds, from x0 on, through the kernel k."""
    apart()
    n, size, reach = row.size, out.size, k.size // 2 * cn
    start, stop = min(max(reach - x0, 0), size), min(max(n - reach - x0, 0), size)
    count = max(stop - start, 0)
    if count:
        first, inner = x0 + start - reach, written(out, start, count)
        a, b, c = read(row, first, count), read(row, first + cn, count), read(row, first + 2 * cn, count)
        if k.size == 3:
            along3(a, b, c, k, inner)
        else:
            along5(a, b, c, read(row, first + 3 * cn, count), read(row, first + 4 * cn, count), k, inner)
    if count == size:
        return
    for i in range(places.size):
        around[i] = row[places[i]] if places[i] >= 0 else float32(0)
    last = n - 1 if n & 1 else -1
    for x in range(start):
        out[x] = along_ends(around, x0 + x + reach, cn, k, x0 + x == last)
    for x in range(start + count, size):
        out[x] = along_ends(around, x0 + x + places.size // 2 + 2 * reach - n, cn, k, x0 + x == last)


@kernel
def floats_band(src, dst, cn, border, k_x, k_y, width, ring, around, places, y0, y1):
    """Rows [y0, y1) through a mirrored kernel of 3 or 5 taps along the rows and one as long down the columns.

    width: of a stripe; ring, around and places: see ``scratch``. Row p of the image is kept in place p - y0 + radius,
    around and around.
    """
    h, n = src.shape
    radius = k_x.size // 2
    turns = HEIGHT + 2 * radius
    base, fused = first_aligned(ring), n - n % FUSED
    sources(n, cn, border, radius * cn, places)
    for x0 in range(0, n, width):
        size = min(width, n - x0)
        spare = written(ring, base + turns * width, size)
        newest = y0 - radius
        for y in range(y0, y1, HEIGHT):
            while newest < y + HEIGHT + radius:
                out = written(ring, base + (newest - y0 + radius) % turns * width, size)
                if border == CONSTANT and (newest < 0 or newest >= h):
                    for x in range(size):
                        out[x] = 0
                else:
                    smooth_row(read(src, source_index(newest, h, border) * n, n), cn, x0, places, around, k_x, out)
                newest += 1
            r = y - y0
            a = read(ring, base + r % turns * width, size)
            b = read(ring, base + (r + 1) % turns * width, size)
            c = read(ring, base + (r + 2) % turns * width, size)
            d = read(ring, base + (r + 3) % turns * width, size)
            e = read(ring, base + (r + 4) % turns * width, size)
            f = read(ring, base + (r + 5) % turns * width, size)
            out0 = written(dst, y * n + x0, size)
            out1 = written(dst, (y + 1) * n + x0, size) if y + 1 < y1 else spare
            out2 = written(dst, (y + 2) * n + x0, size) if y + 2 < y1 else spare
            out3 = written(dst, (y + 3) * n + x0, size) if y + 3 < y1 else spare
            in_front = min(max(fused - x0, 0), size)
            if radius == 1:
                columns3(a, b, c, d, e, f, k_y, in_front, out0, out1, out2, out3)
            else:
                g = read(ring, base + (r + 6) % turns * width, size)
                last = read(ring, base + (r + 7) % turns * width, size)
                columns5(a, b, c, d, e, f, g, last, k_y, in_front, out0, out1, out2, out3)
