"""One-dimensional sums over stretches of rows of float32, float64 or int32 values, the parts of linear filters.

``out`` says how long a stretch is; the other rows begin where the first tap does.
"""

from cvkit_math.borders import CONSTANT, source_index

from cvkit_cpu.jit import kernel
from cvkit_cpu.linear_values import multiply, multiply_add
from cvkit_cpu.views import apart, get, put


@kernel
def fill_stretch(row, cn, x0, count, border, padded):
    """Elements [x0, x0 + count) of a row in the type of padded; those outside the row come from the border."""
    apart()
    n = row.size
    start = min(max(-x0, 0), count)
    stop = max(min(n - x0, count), start)
    inner, source = padded[start:], row[max(x0, 0) :]
    for x in range(stop - start):
        inner[x] = source[x]
    for i in range(count - (stop - start)):
        x = i if i < start else i + stop - start
        e = x0 + x
        if border == CONSTANT:
            padded[x] = 0
        else:
            pixel = e // cn
            padded[x] = row[source_index(pixel, n // cn, border) * cn + e - pixel * cn]


@kernel
def along_row(t, k, cn, v, plain, out):
    """A row kernel of any form, its taps ``cn`` elements apart: fused up to element v.

    The rest takes ``plain`` taps behind the first with two roundings each, and fuses the others.
    """
    apart()
    taps = k.size
    v = min(max(v, 0), out.size)
    first = taps if taps <= 5 else (taps - 2) % 4 + 2
    k0 = k[0]
    if v and first == 1:
        for x in range(v):
            put(out, x, multiply(k0, get(t, x)))
    elif v and first == 2:
        t1, k1 = t[cn:], k[1]
        for x in range(v):
            put(out, x, multiply_add(k1, get(t1, x), multiply(k0, get(t, x))))
    elif v and first == 3:
        t1, k1, t2, k2 = t[cn:], k[1], t[2 * cn :], k[2]
        for x in range(v):
            put(out, x, multiply_add(k2, get(t2, x), multiply_add(k1, get(t1, x), multiply(k0, get(t, x)))))
    elif v:
        t1, k1, t2, k2, t3, k3 = t[cn:], k[1], t[2 * cn :], k[2], t[3 * cn :], k[3]
        if first == 4:
            for x in range(v):
                s = multiply_add(k1, get(t1, x), multiply(k0, get(t, x)))
                put(out, x, multiply_add(k3, get(t3, x), multiply_add(k2, get(t2, x), s)))
        else:
            t4, k4 = t[4 * cn :], k[4]
            for x in range(v):
                s = multiply_add(k1, get(t1, x), multiply(k0, get(t, x)))
                s = multiply_add(k3, get(t3, x), multiply_add(k2, get(t2, x), s))
                put(out, x, multiply_add(k4, get(t4, x), s))
    for j in range(first, taps if v else 0, 4):
        t1, t2, t3, t4 = t[j * cn :], t[(j + 1) * cn :], t[(j + 2) * cn :], t[(j + 3) * cn :]
        k1, k2, k3, k4 = k[j], k[j + 1], k[j + 2], k[j + 3]
        for x in range(v):
            s = multiply_add(k2, get(t2, x), multiply_add(k1, get(t1, x), out[x]))
            put(out, x, multiply_add(k4, get(t4, x), multiply_add(k3, get(t3, x), s)))
    if v == out.size:
        return
    rest = out[v:]
    for j in range(taps):
        kj, tj = k[j], t[v + j * cn :]
        if j == 0:
            for x in range(rest.size):
                put(rest, x, multiply(kj, get(tj, x)))
        elif j <= plain:
            for x in range(rest.size):
                put(rest, x, rest[x] + multiply(kj, get(tj, x)))
        else:
            for x in range(rest.size):
                put(rest, x, multiply_add(kj, get(tj, x), rest[x]))


@kernel
def along_row_mirrored(t, k, cn, v, last, sign, special, out):
    """A row kernel of 3 or 5 taps that is its own mirror image, up to the sign, in pairs of neighbours.

    special: it is [1 2 1], [1 -2 1] or [1 0 -2 0 1], which the elements from v on sum another way; the element
    ``last``, if there is one of that number, is left over when they are taken by two.
    """
    apart()
    v = min(max(v, 0), out.size)
    if k.size == 3:
        k0, k1 = k[1], k[2]
        t1, t2 = t[cn:], t[2 * cn :]
        for x in range(v):
            pair = multiply_add(sign, get(t, x), get(t2, x))
            put(out, x, multiply_add(get(t1, x), k0, multiply(pair, k1)))
        for x in range(v, out.size):
            pair = multiply_add(sign, t[x], t2[x])
            if x == last:
                out[x] = multiply_add(k1, pair, k0 * t1[x])
            elif special:
                out[x] = multiply_add(t1[x], k0, t[x]) + t2[x]
            else:
                out[x] = multiply_add(t1[x], k0, pair * k1)
        return
    k0, k1, k2 = k[2], k[3], k[4]
    t1, t2, t3, t4 = t[cn:], t[2 * cn :], t[3 * cn :], t[4 * cn :]
    for x in range(v):
        near = multiply_add(sign, get(t1, x), get(t3, x))
        far = multiply_add(sign, get(t, x), get(t4, x))
        put(out, x, multiply_add(far, k2, multiply_add(get(t2, x), k0, multiply(near, k1))))
    for x in range(v, out.size):
        near = multiply_add(sign, t1[x], t3[x])
        far = multiply_add(sign, t[x], t4[x])
        if x == last:
            out[x] = (k0 * t2[x] + k1 * near) + k2 * far
        elif special:
            out[x] = multiply_add(t2[x], k0, t[x]) + t4[x]
        elif sign < 0:
            out[x] = multiply_add(near, k1, far * k2)
        else:
            out[x] = multiply_add(far, k2, multiply_add(t2[x], k0, near * k1))


@kernel
def turn(i, n):
    """i, from 0 to 2 n - 1, as a place in a ring of n; a division would take as long as a short row."""
    return i - n if i >= n else i


@kernel
def down_column(ring, first, k, x0, fused, mirrored, out):
    """A column kernel over rows of the ring, from element x0 on.

    first: the place of the uppermost row, below their number. k: the taps, delta, and the sign with which the upper
    row of a pair counts in a mirrored kernel.
    """
    apart()
    taps, places = k.size - 2, ring.shape[0]
    delta, sign = k[taps], k[taps + 1]
    half = taps // 2 if mirrored else 0
    k0, a = k[half], ring[turn(first + half, places)][x0:]
    done = 0
    if fused and half % 2:
        k1 = k[half + 1]
        b, c = ring[turn(first + half - 1, places)][x0:], ring[turn(first + half + 1, places)][x0:]
        for x in range(out.size):
            pair = multiply_add(sign, get(b, x), get(c, x))
            put(out, x, multiply_add(pair, k1, multiply_add(k0, get(a, x), delta)))
        done = 1
    elif fused and half:
        k1, k2 = k[half + 1], k[half + 2]
        b, c = ring[turn(first + half - 1, places)][x0:], ring[turn(first + half + 1, places)][x0:]
        d, e = ring[turn(first + half - 2, places)][x0:], ring[turn(first + half + 2, places)][x0:]
        for x in range(out.size):
            near, far = multiply_add(sign, get(b, x), get(c, x)), multiply_add(sign, get(d, x), get(e, x))
            put(out, x, multiply_add(far, k2, multiply_add(near, k1, multiply_add(k0, get(a, x), delta))))
        done = 2
    else:
        for x in range(out.size):
            put(out, x, multiply_add(k0, get(a, x), delta))
    if not mirrored:
        for j in range(1, taps):
            k1, b = k[j], ring[turn(first + j, places)][x0:]
            if fused:
                for x in range(out.size):
                    put(out, x, multiply_add(k1, get(b, x), out[x]))
            else:
                for x in range(out.size):
                    put(out, x, out[x] + multiply(k1, get(b, x)))
        return
    for j in range(done + 1, half + 1, 2 if fused else 1):
        k1 = k[half + j]
        b, c = ring[turn(first + half - j, places)][x0:], ring[turn(first + half + j, places)][x0:]
        if fused:
            k2 = k[half + j + 1]
            d, e = ring[turn(first + half - j - 1, places)][x0:], ring[turn(first + half + j + 1, places)][x0:]
            for x in range(out.size):
                near, far = multiply_add(sign, get(b, x), get(c, x)), multiply_add(sign, get(d, x), get(e, x))
                put(out, x, multiply_add(far, k2, multiply_add(near, k1, out[x])))
        else:
            for x in range(out.size):
                put(out, x, out[x] + multiply(k1, multiply_add(sign, get(b, x), get(c, x))))


@kernel
def down_columns(ring, first, k, out, lower):
    """Two rows of a mirrored column kernel of at least three taps, fused; they share most of what they read.

    The places as for down_column; ``lower`` is the row below ``out``.
    """
    apart()
    taps, places = k.size - 2, ring.shape[0]
    delta, sign = k[taps], k[taps + 1]
    half = taps // 2
    k0, k1 = k[half], k[half + 1]
    b, c = ring[turn(first + half - 1, places)], ring[turn(first + half, places)]
    d, e = ring[turn(first + half + 1, places)], ring[turn(first + half + 2, places)]
    if half % 2:
        for x in range(out.size):
            middle, below = get(c, x), get(d, x)
            s = multiply_add(k0, middle, delta)
            put(out, x, multiply_add(multiply_add(sign, get(b, x), below), k1, s))
            s = multiply_add(k0, below, delta)
            put(lower, x, multiply_add(multiply_add(sign, middle, get(e, x)), k1, s))
    else:
        k2 = k[half + 2]
        a, f = ring[turn(first + half - 2, places)], ring[turn(first + half + 3, places)]
        for x in range(out.size):
            before, middle, below, after = get(b, x), get(c, x), get(d, x), get(e, x)
            s = multiply_add(multiply_add(sign, before, below), k1, multiply_add(k0, middle, delta))
            put(out, x, multiply_add(multiply_add(sign, get(a, x), after), k2, s))
            s = multiply_add(multiply_add(sign, middle, after), k1, multiply_add(k0, below, delta))
            put(lower, x, multiply_add(multiply_add(sign, before, get(f, x)), k2, s))
    for j in range(3 - half % 2, half + 1, 2):
        k1, k2 = k[half + j], k[half + j + 1]
        a, b = ring[turn(first + half - j - 1, places)], ring[turn(first + half - j, places)]
        c, d = ring[turn(first + half - j + 1, places)], ring[turn(first + half + j, places)]
        e, f = ring[turn(first + half + j + 1, places)], ring[turn(first + half + j + 2, places)]
        for x in range(out.size):
            inner, outer = get(b, x), get(e, x)
            s = multiply_add(multiply_add(sign, inner, get(d, x)), k1, out[x])
            put(out, x, multiply_add(multiply_add(sign, get(a, x), outer), k2, s))
            s = multiply_add(multiply_add(sign, get(c, x), outer), k1, lower[x])
            put(lower, x, multiply_add(multiply_add(sign, inner, get(f, x)), k2, s))
