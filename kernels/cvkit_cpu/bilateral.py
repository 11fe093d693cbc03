"""The bilateral filter on the CPU (C. Tomasi, R. Manduchi, Bilateral filtering for gray and color images, ICCV 1998).

uint8: first an estimate of each pixel in vector arithmetic, its weights from a short polynomial instead of look-ups,
and a bound on its distance from OpenCV's float32 sums. Where a rounding boundary lies within that bound, one pixel in a
hundred, the sums are repeated tap by tap in OpenCV's order and with its table; elsewhere they can't round to anything
else. float32: those sums alone, a tap after the other over a stretch of a row.

Rows come through a ring of 2 * radius + 1 slots, each one row as padded float32 planes of ``pitch`` values, so that a
tap is a distance in the ring. STRETCH pixels of a row are finished at a time: what they read stays in the first cache.
"""

import numpy as np
from cvkit_math.borders import CONSTANT, source_index
from numba import float32, int32, uint8, uint32

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel

STRETCH = 384
UNROLLED = 4  # taps that estimate_gray adds in one pass; the list of taps is filled up with ones of no weight
NO_WEIGHT = -1000.0  # as an exponent of two

# 2 ** f for |f| <= 1/2 to 2.7e-6 of its value: the polynomial of degree 4 of least relative error.
C0, C1, C2, C3, C4 = map(float32, (0.9999993, 0.6931218, 0.24024744, 0.05591786, 0.009570102))
LEAST_EXPONENT = float32(-125)  # so that no weight is too small for full precision, which many processors do slowly
ROUNDER = float32(1.5 * 2**23)  # a small float32 added to it leaves its nearest integer in the lowest bits

# Relative error of an estimated weight against the table's, both ways of rounding included, for weights above 2 ** -20;
# smaller ones together don't reach the last digit of the bound.
WEIGHT_ERROR = 6e-6

VECTOR_U8, VECTOR_F32 = 32, 16  # OpenCV computes the last w % 32 or w % 16 pixels of a row in another way


@kernel
def fill_slot(src, y, cn, radius, border, slot, pitch):
    """Row y, which may lie outside the image, into a slot of the ring, with radius pixels more on either side."""
    h, n = src.shape
    w = n // cn
    if border == CONSTANT and (y < 0 or y >= h):
        slot[:] = 0
        return
    row = src[source_index(y, h, border)]
    for c in range(cn):
        plane = slot[c * pitch : (c + 1) * pitch]
        inner = plane[radius : radius + w]
        if cn == 1:
            for x in range(w):
                inner[x] = row[x]
        else:
            values = row[c:]
            for x in range(w):
                inner[x] = values[3 * x]
        for x in range(radius):
            if border == CONSTANT:
                plane[x] = 0
                plane[radius + w + x] = 0
            else:
                plane[x] = inner[source_index(x - radius, w, border)]
                plane[radius + w + x] = inner[source_index(w + x, w, border)]


@kernel
def next_row(src, y, y0, cn, radius, border, taps, ring, places):
    """Put row y + radius into the ring, all rows from y - radius on where y is the first of the band, and set the
    distances of the taps; returns where pixel (y, 0) lies.
    """
    pitch = src.shape[1] // cn + 2 * radius
    slots, size = 2 * radius + 1, cn * pitch
    for i in range(0 if y == y0 else 2 * radius, slots):
        slot = (y - y0 + i) % slots * size
        fill_slot(src, y - radius + i, cn, radius, border, ring[slot : slot + size], pitch)
    start = (y - y0 + radius) % slots * size + radius
    for k in range(places.size):
        places[k] = (y - y0 + radius + taps[k, 0]) % slots * size + radius + taps[k, 1] - start
    return start


@kernel
def power_of_two(t):
    """2 ** t for t <= 0 to 3e-6 of its value; 2 ** -125 for all that is below."""
    t = max(t, LEAST_EXPONENT)
    shifted = t + ROUNDER
    f = t - (shifted - ROUNDER)
    p = typed.fma(typed.fma(typed.fma(typed.fma(C4, f, C3), f, C2), f, C1), f, C0)
    exponent = typed.shl(np.float32(shifted).view(np.int32), int32(23))
    return np.int32(typed.add(np.float32(p).view(np.int32), exponent)).view(np.float32)


@kernel
def estimate_gray(ring, centre, places, exponents, k, scale, sums, n):
    """Add taps k to k + 3 to the sums of weights, sums[:n], and of weighted differences to the centre, behind them."""
    p = ring[centre:]
    q0, q1 = ring[centre + places[k] :], ring[centre + places[k + 1] :]
    q2, q3 = ring[centre + places[k + 2] :], ring[centre + places[k + 3] :]
    e0, e1, e2, e3 = exponents[k], exponents[k + 1], exponents[k + 2], exponents[k + 3]
    for x in range(n):
        d0, d1, d2, d3 = q0[x] - p[x], q1[x] - p[x], q2[x] - p[x], q3[x] - p[x]
        w0 = power_of_two(typed.fma(d0 * d0, scale, e0))
        w1 = power_of_two(typed.fma(d1 * d1, scale, e1))
        w2 = power_of_two(typed.fma(d2 * d2, scale, e2))
        w3 = power_of_two(typed.fma(d3 * d3, scale, e3))
        sums[x] += (w0 + w1) + (w2 + w3)
        s = typed.fma(w0, d0, typed.fma(w1, d1, sums[x + STRETCH]))
        sums[x + STRETCH] = typed.fma(w2, d2, typed.fma(w3, d3, s))


@kernel
def round_gray(ring, centre, sums, surest, row, doubtful, n):
    """The estimate rounded, and whether it is farther than ``surest`` from what it was rounded to."""
    p = ring[centre:]
    for x in range(n):
        value = p[x] + sums[x + STRETCH] / sums[x]
        nearest = typed.rint_int32(value)
        row[x] = uint8(nearest)
        doubtful[x] = uint8(abs(value - float32(nearest)) > surest)


@kernel
def exact_gray(ring, centre, places, weights, table, order, tail):
    """One pixel by OpenCV's sums; in the tail of a row it takes the taps in another order."""
    p = ring[centre]
    total, s = float32(0), float32(0)
    for i in range(weights.size):
        k = order[i] if tail else i
        q = ring[centre + places[k]]
        w = weights[k] * table[uint32(abs(q - p))]
        total += w
        s = typed.fma(q, w, s)
    return uint8(typed.rint_int32(s / total))


@kernel
def gray_u8_band(
    src,
    dst,
    radius,
    border,
    taps,
    weights,
    exponents,
    order,
    table,
    scale,
    surest,
    ring,
    sums,
    doubtful,
    places,
    y0,
    y1,
):
    """Rows [y0, y1) of one channel."""
    w = src.shape[1]
    split = w // VECTOR_U8 * VECTOR_U8
    for y in range(y0, y1):
        start = next_row(src, y, y0, 1, radius, border, taps, ring, places)
        for x0 in range(0, w, STRETCH):
            n, row = min(STRETCH, w - x0), dst[y, x0:]
            sums[:] = 0
            for k in range(0, places.size, UNROLLED):
                estimate_gray(ring, start + x0, places, exponents, k, scale, sums, n)
            round_gray(ring, start + x0, sums, surest, row, doubtful, n)
            doubtful[n : n + 8] = 0
            for j in range(0, n, 8):
                if typed.load_uint64(doubtful, j) != 0:
                    for x in range(j, j + 8):
                        if doubtful[x]:
                            tail = x0 + x >= split
                            row[x] = exact_gray(ring, start + x0 + x, places, weights, table, order, tail)


@kernel
def estimate_color(ring, centre, pitch, places, exponents, k, scale, sums, n):
    """Add taps k and k + 1 to the sums of weights, sums[:n], and of weighted differences, three planes behind them."""
    b, g, r = ring[centre:], ring[centre + pitch :], ring[centre + 2 * pitch :]
    first, second = centre + places[k], centre + places[k + 1]
    b0, g0, r0 = ring[first:], ring[first + pitch :], ring[first + 2 * pitch :]
    b1, g1, r1 = ring[second:], ring[second + pitch :], ring[second + 2 * pitch :]
    e0, e1 = exponents[k], exponents[k + 1]
    for x in range(n):
        db0, dg0, dr0 = b0[x] - b[x], g0[x] - g[x], r0[x] - r[x]
        db1, dg1, dr1 = b1[x] - b[x], g1[x] - g[x], r1[x] - r[x]
        d0, d1 = abs(db0) + abs(dg0) + abs(dr0), abs(db1) + abs(dg1) + abs(dr1)
        w0 = power_of_two(typed.fma(d0 * d0, scale, e0))
        w1 = power_of_two(typed.fma(d1 * d1, scale, e1))
        sums[x] += w0 + w1
        sums[x + STRETCH] = typed.fma(w1, db1, typed.fma(w0, db0, sums[x + STRETCH]))
        sums[x + 2 * STRETCH] = typed.fma(w1, dg1, typed.fma(w0, dg0, sums[x + 2 * STRETCH]))
        sums[x + 3 * STRETCH] = typed.fma(w1, dr1, typed.fma(w0, dr0, sums[x + 3 * STRETCH]))


@kernel
def round_color(ring, centre, pitch, sums, surest, row, doubtful, n):
    """As round_gray; a pixel is as doubtful as the most doubtful of its channels."""
    b, g, r = ring[centre:], ring[centre + pitch :], ring[centre + 2 * pitch :]
    for x in range(n):
        share = float32(1) / sums[x]
        vb = b[x] + sums[x + STRETCH] * share
        vg = g[x] + sums[x + 2 * STRETCH] * share
        vr = r[x] + sums[x + 3 * STRETCH] * share
        nb, ng, nr = typed.rint_int32(vb), typed.rint_int32(vg), typed.rint_int32(vr)
        row[3 * x], row[3 * x + 1], row[3 * x + 2] = uint8(nb), uint8(ng), uint8(nr)
        farthest = max(max(abs(vb - float32(nb)), abs(vg - float32(ng))), abs(vr - float32(nr)))
        doubtful[x] = uint8(farthest > surest)


@kernel
def exact_color(ring, centre, pitch, places, weights, table, row):
    """One pixel by OpenCV's sums."""
    b, g, r = ring[centre], ring[centre + pitch], ring[centre + 2 * pitch]
    total = float32(0)
    sb, sg, sr = float32(0), float32(0), float32(0)
    for k in range(weights.size):
        there = centre + places[k]
        qb, qg, qr = ring[there], ring[there + pitch], ring[there + 2 * pitch]
        w = weights[k] * table[uint32(abs(qb - b) + abs(qg - g) + abs(qr - r))]
        total += w
        sb, sg, sr = typed.fma(qb, w, sb), typed.fma(qg, w, sg), typed.fma(qr, w, sr)
    share = float32(1) / total
    row[0] = uint8(typed.rint_int32(sb * share))
    row[1] = uint8(typed.rint_int32(sg * share))
    row[2] = uint8(typed.rint_int32(sr * share))


@kernel
def color_u8_band(
    src, dst, radius, border, taps, weights, exponents, table, scale, surest, ring, sums, doubtful, places, y0, y1
):
    """Rows [y0, y1) of three channels."""
    w = src.shape[1] // 3
    pitch = w + 2 * radius
    for y in range(y0, y1):
        start = next_row(src, y, y0, 3, radius, border, taps, ring, places)
        for x0 in range(0, w, STRETCH):
            n, row = min(STRETCH, w - x0), dst[y, 3 * x0 :]
            sums[:] = 0
            for k in range(0, weights.size, 2):
                estimate_color(ring, start + x0, pitch, places, exponents, k, scale, sums, n)
            round_color(ring, start + x0, pitch, sums, surest, row, doubtful, n)
            doubtful[n : n + 8] = 0
            for j in range(0, n, 8):
                if typed.load_uint64(doubtful, j) != 0:
                    for x in range(j, j + 8):
                        if doubtful[x]:
                            exact_color(ring, start + x0 + x, pitch, places, weights, table, row[3 * x :])


@kernel
def steps_gray(ring, centre, place, per_step, last, steps, index, n):
    """Differences to a tap in steps of the table, and the entries that they lie behind; 0 where there is a NaN."""
    p, q = ring[centre:], ring[centre + place :]
    for x in range(n):
        a = abs(q[x] - p[x]) * per_step
        a = a if a >= float32(0) else float32(0)
        steps[x] = a
        index[x] = int32(min(a, last))


@kernel
def steps_color(ring, centre, pitch, place, per_step, last, steps, index, n):
    """As steps_gray, from the sum of the channels' differences."""
    b, g, r = ring[centre:], ring[centre + pitch :], ring[centre + 2 * pitch :]
    there = centre + place
    qb, qg, qr = ring[there:], ring[there + pitch :], ring[there + 2 * pitch :]
    for x in range(n):
        a = (abs(qb[x] - b[x]) + abs(qg[x] - g[x]) + abs(qr[x] - r[x])) * per_step
        a = a if a >= float32(0) else float32(0)
        steps[x] = a
        index[x] = int32(min(a, last))


@kernel
def look_up(pairs, steps, index, entries, weight, last, split, n):
    """Weights of a tap into steps, interpolated between an entry of the table and the next; from ``split`` on in
    OpenCV's scalar way, which clips to the table where the other one goes on in a line.

    pairs holds both entries in the bits of one number, so that one look-up fetches them.
    """
    found = entries.view(np.uint64)
    for x in range(n):
        found[x] = pairs[uint32(index[x])]
    for x in range(split):
        f = steps[x] - float32(index[x])
        steps[x] = weight * typed.fma(entries[2 * x + 1], f, entries[2 * x] * (float32(1) - f))
    for x in range(split, n):
        f = min(steps[x], last) - float32(index[x])
        steps[x] = weight * typed.fma(f, entries[2 * x + 1] - entries[2 * x], entries[2 * x])


@kernel
def add_gray(ring, there, steps, sums, n):
    """Add a tap with its weights to the sums of weights and of weighted values; a NaN weighs nothing."""
    q = ring[there:]
    for x in range(n):
        known = q[x] == q[x]
        w, v = steps[x] if known else float32(0), q[x] if known else float32(0)
        sums[x] += w
        sums[x + STRETCH] = typed.fma(v, w, sums[x + STRETCH])


@kernel
def add_color(ring, there, pitch, steps, sums, n):
    """As add_gray; one NaN takes the whole pixel out."""
    b, g, r = ring[there:], ring[there + pitch :], ring[there + 2 * pitch :]
    for x in range(n):
        known = (b[x] == b[x]) & (g[x] == g[x]) & (r[x] == r[x])
        w = steps[x] if known else float32(0)
        sums[x] += w
        sums[x + STRETCH] = typed.fma(b[x] if known else float32(0), w, sums[x + STRETCH])
        sums[x + 2 * STRETCH] = typed.fma(g[x] if known else float32(0), w, sums[x + 2 * STRETCH])
        sums[x + 3 * STRETCH] = typed.fma(r[x] if known else float32(0), w, sums[x + 3 * STRETCH])


@kernel
def finish_f32(ring, centre, pitch, cn, sums, row, n):
    """The sums with the centre, which weighs 1 unless it is NaN, divided."""
    for x in range(n):
        known = True
        for c in range(cn):
            known &= ring[centre + c * pitch + x] == ring[centre + c * pitch + x]
        total = sums[x] + (float32(1) if known else float32(0))
        share = float32(1) / total
        for c in range(cn):
            s = sums[x + (c + 1) * STRETCH] + (ring[centre + c * pitch + x] if known else float32(0))
            row[cn * x + c] = s / total if cn == 1 else s * share


@kernel
def f32_band(
    src, dst, cn, radius, border, taps, weights, pairs, per_step, ring, sums, steps, entries, index, places, y0, y1
):
    """Rows [y0, y1); the taps are those around the centre."""
    w = src.shape[1] // cn
    pitch = w + 2 * radius
    last = float32(pairs.size - 1)
    for y in range(y0, y1):
        start = next_row(src, y, y0, cn, radius, border, taps, ring, places)
        for x0 in range(0, w, STRETCH):
            n, centre = min(STRETCH, w - x0), start + x0
            split = min(max(w // VECTOR_F32 * VECTOR_F32 - x0, 0), n)
            sums[:] = 0
            for k in range(places.size):
                if cn == 1:
                    steps_gray(ring, centre, places[k], per_step, last, steps, index, n)
                else:
                    steps_color(ring, centre, pitch, places[k], per_step, last, steps, index, n)
                look_up(pairs, steps, index, entries, weights[k], last, split, n)
                if cn == 1:
                    add_gray(ring, centre + places[k], steps, sums, n)
                else:
                    add_color(ring, centre + places[k], pitch, steps, sums, n)
            finish_f32(ring, centre, pitch, cn, sums, dst[y, cn * x0 :], n)


def bilateral_filter(cpu, src, dst, cn, border, disk, tones):
    """Plan: bands of rows, one core a dtype (of uint8 one a number of channels too, each being much code).

    disk: radius, taps (K, 2), their weights and the weights' logarithms, and the taps' order in the tail of a row.
    tones: for uint8 the table of weights and the logarithm of the weight of a difference of 1; for float32 a function
    of the least and largest value that makes the table and says how many entries a difference of 1 is, 0 where the
    image is to stay as it is. Both are None where it stays as it is anyway.
    """
    if disk is None:
        dst[...] = src
        return
    h, n = src.shape
    count = len(disk.weights)
    ring = ((2 * disk.radius + 1) * (n + 2 * disk.radius * cn), np.float32)
    sums = ((cn + 1) * STRETCH, np.float32)
    if src.dtype == np.float32:
        table, per_step = tones.table(np.fmin.reduce(src, axis=None), np.fmax.reduce(src, axis=None))
        if per_step == 0:
            dst[...] = src
            return
        taps, weights = (np.delete(each, count // 2, axis=0) for each in (disk.taps, disk.weights))
        pairs = np.column_stack([table[:-1], table[1:]]).view(np.uint64).ravel()
        lines = (STRETCH, np.float32), (2 * STRETCH, np.float32), (STRETCH, np.int32)
        scratch = (ring, sums, *lines, (count - 1, np.intp))
        arguments = (src, dst, cn, disk.radius, border, taps, weights, pairs, per_step)
        cpu.bands(f32_band, *arguments, bands=cpu.split(h, 0.7 * n * count), scratch=scratch)
        return
    # OpenCV's two sums and these two round once a tap, each time by at most 2 ** -24 of what makes 255 of the quotient.
    doubt = 255 * (WEIGHT_ERROR + (4 * count + 10) * 2.0**-24)
    surest = np.float32(0.5 - doubt)
    room = -count % UNROLLED
    taps = np.concatenate([disk.taps, np.zeros((room, 2), np.intp)])
    exponents = np.concatenate([disk.logs / np.log(2), np.full(room, NO_WEIGHT)]).astype(np.float32)
    scale = np.float32(tones.log / np.log(2))
    scratch = (ring, sums, (STRETCH + 8, np.uint8), (len(taps), np.intp))
    arguments = (src, dst, disk.radius, border, taps, disk.weights, exponents)
    if cn == 1:
        bands = cpu.split(h, 0.2 * n * count)
        cpu.bands(gray_u8_band, *arguments, disk.order, tones.table, scale, surest, bands=bands, scratch=scratch)
    else:
        bands = cpu.split(h, 0.15 * n * count)
        cpu.bands(color_u8_band, *arguments, tones.table, scale, surest, bands=bands, scratch=scratch)
