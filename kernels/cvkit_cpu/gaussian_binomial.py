"""[1 2 1] / 4 and [1 4 6 4 1] / 16 along both axes, for uint8 and uint16: the same sums as in fixed point, without
common factors.

Four rows are summed down the columns at a time, as they share most of what they read, pixels of even and of odd number
in a row apart. Along a row, an element of even number then finds its neighbours, ``cn`` away, among the even ones or
among the odd ones, as cn is.
"""

from cvkit_math.borders import CONSTANT, source_index

from cvkit_cpu import typed
from cvkit_cpu.gaussian_pairs import even, get_pair, odd, pair_of_16ths, pair_of_256ths, put_pair
from cvkit_cpu.jit import kernel
from cvkit_cpu.rows import row_starts
from cvkit_cpu.views import first_aligned, get, half_vectors, put, read, read_or, written

HEIGHT = 4  # rows at a time
LEAD = 32  # of a plane of sums: what lies before its first element; a multiple of a line of the cache


def scratch(n, radius, cn, wide):
    """Of a band: even and odd sums of the rows, where ends come from and go to, where rows of the image start."""
    return (2 * HEIGHT * stride.py_func(n) + LEAD, wide), ((2, 2 * radius * cn), "intp"), (HEIGHT + 2 * radius, "intp")


@kernel
def stride(n):
    """Values of a plane: every other one of n elements, and those beyond either end."""
    return (n + 2 * LEAD - 1) // (2 * LEAD) * LEAD + 2 * LEAD


@kernel
def four_sums3(a, b, c, d, e, f):
    """[1 2 1] down six values."""
    a, b, c, d, e = typed.add(a, b), typed.add(b, c), typed.add(c, d), typed.add(d, e), typed.add(e, f)
    return typed.add(a, b), typed.add(b, c), typed.add(c, d), typed.add(d, e)


@kernel
def four_sums5(a, b, c, d, e, f, g, h):
    """[1 4 6 4 1] down eight values: [1 2 1] twice."""
    p, q, r, s = four_sums3(a, b, c, d, e, f)
    t, u = typed.add(typed.add(e, f), typed.add(f, g)), typed.add(typed.add(f, g), typed.add(g, h))
    return four_sums3(p, q, r, s, t, u)


@kernel
def columns3(a, b, c, d, e, f, even0, odd0, even1, odd1, even2, odd2, even3, odd3):
    """[1 2 1] down the columns for four rows, of six of the image."""
    n = a.size
    for i in range(n // 2):
        va, vb, vc = get_pair(a, i), get_pair(b, i), get_pair(c, i)
        vd, ve, vf = get_pair(d, i), get_pair(e, i), get_pair(f, i)
        s0, s1, s2, s3 = four_sums3(even(va), even(vb), even(vc), even(vd), even(ve), even(vf))
        put(even0, i, s0)
        put(even1, i, s1)
        put(even2, i, s2)
        put(even3, i, s3)
        s0, s1, s2, s3 = four_sums3(odd(va), odd(vb), odd(vc), odd(vd), odd(ve), odd(vf))
        put(odd0, i, s0)
        put(odd1, i, s1)
        put(odd2, i, s2)
        put(odd3, i, s3)
    if n & 1:
        i, like = n // 2, even0[0]
        even0[i], even1[i], even2[i], even3[i] = four_sums3(
            typed.cast(a[n - 1], like),
            typed.cast(b[n - 1], like),
            typed.cast(c[n - 1], like),
            typed.cast(d[n - 1], like),
            typed.cast(e[n - 1], like),
            typed.cast(f[n - 1], like),
        )


@kernel
def columns5(a, b, c, d, e, f, g, h, even0, odd0, even1, odd1, even2, odd2, even3, odd3):
    """[1 4 6 4 1] down the columns for four rows, of eight of the image."""
    n = a.size
    for i in range(n // 2):
        va, vb, vc, vd = get_pair(a, i), get_pair(b, i), get_pair(c, i), get_pair(d, i)
        ve, vf, vg, vh = get_pair(e, i), get_pair(f, i), get_pair(g, i), get_pair(h, i)
        s0, s1, s2, s3 = four_sums5(even(va), even(vb), even(vc), even(vd), even(ve), even(vf), even(vg), even(vh))
        put(even0, i, s0)
        put(even1, i, s1)
        put(even2, i, s2)
        put(even3, i, s3)
        s0, s1, s2, s3 = four_sums5(odd(va), odd(vb), odd(vc), odd(vd), odd(ve), odd(vf), odd(vg), odd(vh))
        put(odd0, i, s0)
        put(odd1, i, s1)
        put(odd2, i, s2)
        put(odd3, i, s3)
    if n & 1:
        i, like = n // 2, even0[0]
        even0[i], even1[i], even2[i], even3[i] = four_sums5(
            typed.cast(a[n - 1], like),
            typed.cast(b[n - 1], like),
            typed.cast(c[n - 1], like),
            typed.cast(d[n - 1], like),
            typed.cast(e[n - 1], like),
            typed.cast(f[n - 1], like),
            typed.cast(g[n - 1], like),
            typed.cast(h[n - 1], like),
        )


@kernel
def rounded3(left, centre, right):
    """[1 2 1] and the half of what it is divided by."""
    like = centre
    return typed.add(typed.add(left, right), typed.add(typed.add(centre, centre), typed.cast(8, like)))


@kernel
def rounded5(a, b, c, d, e):
    """[1 4 6 4 1] and the half of what it is divided by."""
    like = c
    near = typed.shl(typed.add(b, d), typed.cast(2, like))
    middle = typed.add(typed.mul(c, typed.cast(6, like)), typed.cast(128, like))
    return typed.add(typed.add(a, e), typed.add(near, middle))


@kernel
def row3(evens, odds, a, b, c, d, dst):
    """[1 2 1] along a row. a, b: the neighbours of the even elements; c, d: of the odd ones."""
    n = dst.size
    for i in range(n // 2):
        first = rounded3(get(a, i), get(evens, i), get(b, i))
        second = rounded3(get(c, i), get(odds, i), get(d, i))
        put_pair(dst, i, pair_of_16ths(first, second))
    if n & 1:
        i, like = n // 2, evens[0]
        last = rounded3(a[i], evens[i], b[i])
        dst[n - 1] = typed.cast(typed.shr(last, typed.cast(4, like)), dst[0])


@kernel
def row5(a, b, c, d, e, p, q, r, s, t, dst):
    """[1 4 6 4 1] along a row. a to e: the even elements, in the middle, and their neighbours; p to t: the odd ones."""
    half_vectors()
    n = dst.size
    for i in range(n // 2):
        first = rounded5(get(a, i), get(b, i), get(c, i), get(d, i), get(e, i))
        second = rounded5(get(p, i), get(q, i), get(r, i), get(s, i), get(t, i))
        put_pair(dst, i, pair_of_256ths(first, second))
    if n & 1:
        last_of_row5(a, b, c, d, e, dst)


@kernel
def row5_gray(a, c, e, p, r, t, dst):
    """The same for one channel, where the near neighbours of either kind are the other kind."""
    n = dst.size
    for i in range(n // 2):
        va, vc, ve, vp, vr, vt = get(a, i), get(c, i), get(e, i), get(p, i), get(r, i), get(t, i)
        put_pair(dst, i, pair_of_256ths(rounded5(va, vp, vc, vr, ve), rounded5(vp, vc, vr, ve, vt)))
    if n & 1:
        last_of_row5(a, p, c, r, e, dst)


@kernel
def four_of_five(b, c, d, e):
    """What rounded5 makes of its first four values, which these are, without the last."""
    like = c
    near = typed.shl(typed.add(c, e), typed.cast(2, like))
    middle = typed.add(typed.mul(d, typed.cast(6, like)), typed.cast(128, like))
    return typed.add(b, typed.add(near, middle))


@kernel
def row5_three(a, b, c, d, e, t, four, dst):
    """The same for three channels, where four neighbours of an odd element are those of the even one before it.

    four: the sum of those of the first odd element. Handed on from element to element, it is shuffled within registers,
    which takes less time than to load the four from where no line of the cache begins.
    """
    n = dst.size
    for i in range(n // 2):
        vb, vc, vd, ve = get(b, i), get(c, i), get(d, i), get(e, i)
        following = four_of_five(vb, vc, vd, ve)  # before ``four`` is used, or LLVM makes no vectors of this
        put_pair(dst, i, pair_of_256ths(rounded5(get(a, i), vb, vc, vd, ve), typed.add(four, get(t, i))))
        four = following
    if n & 1:
        last_of_row5(a, b, c, d, e, dst)


@kernel
def last_of_row5(a, b, c, d, e, dst):
    """The last element of an odd number of them."""
    i, like = dst.size // 2, c[0]
    last = rounded5(a[i], b[i], c[i], d[i], e[i])
    dst[dst.size - 1] = typed.cast(typed.shr(last, typed.cast(8, like)), dst[0])


@kernel
def place(e, size):
    """Element e of a row, which may lie beyond its ends, in planes of ``size`` values."""
    return (e & 1) * size + LEAD + (e >> 1)


@kernel
def ends_of_rows(n, cn, radius, border, size, ends):
    """Places of the elements beyond either end, and of those that stand for them, or -1 for zeros."""
    w, k = n // cn, 0
    for i in range(1, radius + 1):
        for c in range(cn):
            ends[0, k], ends[0, k + 1] = place(c - i * cn, size), place(n + (i - 1) * cn + c, size)
            if border == CONSTANT:
                ends[1, k] = ends[1, k + 1] = -1
            else:
                ends[1, k] = place(source_index(-i, w, border) * cn + c, size)
                ends[1, k + 1] = place(source_index(w - 1 + i, w, border) * cn + c, size)
            k += 2


@kernel
def fill_ends(sums, ends):
    """Sums beyond either end of a row."""
    for k in range(ends.shape[1]):
        source = ends[1, k]
        sums[ends[0, k]] = sums[source] if source >= 0 else typed.cast(0, sums[0])


@kernel
def binomial_band(src, outside, cn, border, radius, dst, planes, ends, starts, y0, y1):
    """Rows [y0, y1) of the 3 x 3 or 5 x 5 binomial kernel.

    The largest sum is 256 * 255 + 128, or 256 * 65535 + 128. planes, ends and starts: see ``scratch``.
    """
    h, n = src.shape
    size, base, half = stride(n), first_aligned(planes), n - n // 2
    ends_of_rows(n, cn, radius, border, size, ends)
    s, x = starts, base + LEAD
    for y in range(y0, y1, HEIGHT):
        row_starts(y - radius, y + HEIGHT + radius, h, border, -1, n, s)
        a, b, c = read_or(src, s[0], n, outside), read_or(src, s[1], n, outside), read_or(src, s[2], n, outside)
        d, e, f = read_or(src, s[3], n, outside), read_or(src, s[4], n, outside), read_or(src, s[5], n, outside)
        even0, odd0 = written(planes, x, half), written(planes, x + size, half)
        even1, odd1 = written(planes, x + 2 * size, half), written(planes, x + 3 * size, half)
        even2, odd2 = written(planes, x + 4 * size, half), written(planes, x + 5 * size, half)
        even3, odd3 = written(planes, x + 6 * size, half), written(planes, x + 7 * size, half)
        if radius == 1:
            columns3(a, b, c, d, e, f, even0, odd0, even1, odd1, even2, odd2, even3, odd3)
        else:
            g, last = read_or(src, s[6], n, outside), read_or(src, s[7], n, outside)
            columns5(a, b, c, d, e, f, g, last, even0, odd0, even1, odd1, even2, odd2, even3, odd3)
        for j in range(min(HEIGHT, y1 - y)):
            sums = written(planes, base + 2 * j * size, 2 * size)
            fill_ends(sums, ends)
            along_row(sums, size, half, cn, radius, written(dst, (y + j) * n, n))


@kernel
def along_row(sums, size, half, cn, radius, dst):
    """A row of the result from its even and odd sums with both ends."""
    evens, odds = read(sums, LEAD, half), read(sums, size + LEAD, half)
    if radius == 2 and cn == 1:
        a, e = read(sums, LEAD - 1, half), read(sums, LEAD + 1, half)
        p, t = read(sums, size + LEAD - 1, half), read(sums, size + LEAD + 1, half)
        row5_gray(a, evens, e, p, odds, t, dst)
        return
    b, d = read(sums, place(-cn, size), half), read(sums, place(cn, size), half)
    q, s = read(sums, place(1 - cn, size), half), read(sums, place(1 + cn, size), half)
    if radius == 1:
        row3(evens, odds, b, d, q, s, dst)
    else:
        a, e = read(sums, place(-2 * cn, size), half), read(sums, place(2 * cn, size), half)
        p, t = read(sums, place(1 - 2 * cn, size), half), read(sums, place(1 + 2 * cn, size), half)
        if cn == 3:
            row5_three(a, b, evens, d, e, t, four_of_five(p[0], q[0], odds[0], s[0]), dst)
        else:
            row5(a, b, evens, d, e, p, q, odds, s, t, dst)
