"""Gaussian blur on the CPU.

uint8 and uint16 run in fixed point, as in OpenCV: the weights are whole multiples of 2**-8 and 2**-16 that sum to 1
exactly, both passes are exact, and the result is rounded once, half up. A row of the image is first blurred down the
columns into sums of twice the width of a pixel. Those are split into high and low halves, each as wide as a pixel
again, so that the second pass, along the row, is the same arithmetic on the same lanes; with S = 2**bits and the sums A
of the high halves and B of the low ones, (A * S + B + S * S / 2) // (S * S) is (A + B // S + S / 2) // S.

The other dtypes go through the separable filter in floats.
"""

import numpy as np
from cvkit_math.borders import CONSTANT

from cvkit_cpu import typed
from cvkit_cpu.gaussian_weights import gaussian_weights
from cvkit_cpu.jit import kernel
from cvkit_cpu.rows import fill_ends, row_at

WIDER = {np.dtype(np.uint8): np.uint16, np.dtype(np.uint16): np.uint32}

# [1 2 1] / 4 and [1 4 6 4 1] / 16 in 8 and in 16 bits.
BINOMIAL = {
    (np.array(weights, wide) * wide(one // sum(weights))).tobytes()
    for weights in ((1, 2, 1), (1, 4, 6, 4, 1))
    for wide, one in ((np.uint16, 1 << 8), (np.uint32, 1 << 16))
}


@kernel
def first_pairs(centre, a1, b1, a2, b2, w0, w1, w2, sums):
    """Weighted sum of the centre and of two pairs of taps, which share a weight each."""
    like = sums[0]
    for x in range(sums.size):
        s = typed.mul(w0, typed.cast(centre[x], like))
        t = typed.mul(w1, typed.add(typed.cast(a1[x], like), typed.cast(b1[x], like)))
        u = typed.mul(w2, typed.add(typed.cast(a2[x], like), typed.cast(b2[x], like)))
        sums[x] = typed.add(s, typed.add(t, u))


@kernel
def two_pairs(a1, b1, a2, b2, w1, w2, sums):
    """Two pairs more."""
    like = sums[0]
    for x in range(sums.size):
        t = typed.mul(w1, typed.add(typed.cast(a1[x], like), typed.cast(b1[x], like)))
        u = typed.mul(w2, typed.add(typed.cast(a2[x], like), typed.cast(b2[x], like)))
        sums[x] = typed.add(sums[x], typed.add(t, u))


@kernel
def four_pairs(a1, b1, a2, b2, a3, b3, a4, b4, w1, w2, w3, w4, sums):
    """Four pairs more."""
    like = sums[0]
    for x in range(sums.size):
        t = typed.mul(w1, typed.add(typed.cast(a1[x], like), typed.cast(b1[x], like)))
        u = typed.mul(w2, typed.add(typed.cast(a2[x], like), typed.cast(b2[x], like)))
        v = typed.mul(w3, typed.add(typed.cast(a3[x], like), typed.cast(b3[x], like)))
        z = typed.mul(w4, typed.add(typed.cast(a4[x], like), typed.cast(b4[x], like)))
        sums[x] = typed.add(sums[x], typed.add(typed.add(t, u), typed.add(v, z)))


@kernel
def blur_columns(src, outside, y, border, offsets, weights, sums):
    """Blur down the columns at row y."""
    o, w = offsets, weights
    first_pairs(
        src[y],
        row_at(src, outside, y - o[1], border),
        row_at(src, outside, y + o[1], border),
        row_at(src, outside, y - o[2], border),
        row_at(src, outside, y + o[2], border),
        w[0],
        w[1],
        w[2],
        sums,
    )
    j = 3
    while j + 2 < weights.size:
        four_pairs(
            row_at(src, outside, y - o[j], border),
            row_at(src, outside, y + o[j], border),
            row_at(src, outside, y - o[j + 1], border),
            row_at(src, outside, y + o[j + 1], border),
            row_at(src, outside, y - o[j + 2], border),
            row_at(src, outside, y + o[j + 2], border),
            row_at(src, outside, y - o[j + 3], border),
            row_at(src, outside, y + o[j + 3], border),
            w[j],
            w[j + 1],
            w[j + 2],
            w[j + 3],
            sums,
        )
        j += 4
    if j < weights.size:
        two_pairs(
            row_at(src, outside, y - o[j], border),
            row_at(src, outside, y + o[j], border),
            row_at(src, outside, y - o[j + 1], border),
            row_at(src, outside, y + o[j + 1], border),
            w[j],
            w[j + 1],
            sums,
        )


@kernel
def blur_row(values, pad, offsets, weights, sums):
    """Blur along a row of ``sums.size`` values that stands in values from pad on."""
    o, w = offsets, weights
    first_pairs(
        values[pad:],
        values[pad - o[1] :],
        values[pad + o[1] :],
        values[pad - o[2] :],
        values[pad + o[2] :],
        w[0],
        w[1],
        w[2],
        sums,
    )
    j = 3
    while j + 2 < weights.size:
        four_pairs(
            values[pad - o[j] :],
            values[pad + o[j] :],
            values[pad - o[j + 1] :],
            values[pad + o[j + 1] :],
            values[pad - o[j + 2] :],
            values[pad + o[j + 2] :],
            values[pad - o[j + 3] :],
            values[pad + o[j + 3] :],
            w[j],
            w[j + 1],
            w[j + 2],
            w[j + 3],
            sums,
        )
        j += 4
    if j < weights.size:
        two_pairs(
            values[pad - o[j] :],
            values[pad + o[j] :],
            values[pad - o[j + 1] :],
            values[pad + o[j + 1] :],
            w[j],
            w[j + 1],
            sums,
        )


@kernel
def split_halves(sums, bits, high, low):
    """The upper and the lower half of each sum."""
    shift = typed.cast(bits, sums[0])
    for x in range(sums.size):
        high[x] = typed.cast(typed.shr(sums[x], shift), high[0])
    for x in range(sums.size):
        low[x] = typed.cast(sums[x], low[0])


@kernel
def join_halves(high, low, bits, dst):
    """The rounded result from the sums of the high halves and of the low ones."""
    shift = typed.cast(bits, high[0])
    half = typed.cast(1 << (bits - 1), high[0])
    for x in range(dst.size):
        total = typed.add(typed.add(high[x], half), typed.shr(low[x], shift))
        dst[x] = typed.cast(typed.shr(total, shift), dst[0])


@kernel
def fixed_band(src, outside, cn, border, bits, taps_x, weights_x, taps_y, weights_y, dst, sums, halves, y0, y1):
    """Rows [y0, y1). sums: 2 * m values of twice the width of a pixel, halves: 2 * m of a pixel's, where m is the
    length of a row with its two ends.
    """
    n = src.shape[1]
    m = halves.size // 2
    pad = (m - n) // 2
    high, low = halves[:m], halves[m:]
    for y in range(y0, y1):
        blur_columns(src, outside, y, border, taps_y, weights_y, sums[:n])
        split_halves(sums[:n], bits, high[pad:], low[pad:])
        fill_ends(high, pad, cn, border)
        fill_ends(low, pad, cn, border)
        blur_row(halves, pad, taps_x, weights_x, sums[: m + n])
        join_halves(sums[:n], sums[m:], bits, dst[y])


@kernel
def columns3(above, here, below, sums):
    """[1 2 1] down the columns."""
    for x in range(sums.size):
        sums[x] = above[x] + 2 * here[x] + below[x]


@kernel
def columns5(a, b, c, d, e, sums):
    """[1 4 6 4 1] down the columns."""
    for x in range(sums.size):
        sums[x] = a[x] + e[x] + 4 * (b[x] + d[x]) + 6 * c[x]


@kernel
def row3(sums, cn, dst):
    """[1 2 1] along the row, the sixteenth of it rounded."""
    s1, s2 = sums[cn:], sums[2 * cn :]
    like = sums[0]
    half, shift = typed.cast(8, like), typed.cast(4, like)
    for x in range(dst.size):
        total = typed.add(typed.add(sums[x], s2[x]), typed.add(s1[x], s1[x]))
        dst[x] = typed.cast(typed.shr(typed.add(total, half), shift), dst[0])


@kernel
def row5(sums, cn, dst):
    """[1 4 6 4 1] along the row, the 256th part of it rounded."""
    s1, s2, s3, s4 = sums[cn:], sums[2 * cn :], sums[3 * cn :], sums[4 * cn :]
    like = sums[0]
    half, shift, four, six = typed.cast(128, like), typed.cast(8, like), typed.cast(4, like), typed.cast(6, like)
    for x in range(dst.size):
        near, far = typed.mul(typed.add(s1[x], s3[x]), four), typed.add(sums[x], s4[x])
        total = typed.add(typed.add(near, far), typed.add(typed.mul(s2[x], six), half))
        dst[x] = typed.cast(typed.shr(total, shift), dst[0])


@kernel
def binomial_band(src, outside, cn, border, radius, dst, sums, y0, y1):
    """Rows [y0, y1) of the 3 x 3 or 5 x 5 binomial kernel: the same sums as in fixed point, without common factors.

    sums: a row with its two ends, of twice the width of a pixel; the largest sum is 256 * 255 + 128, or 256 * 65535 +
    128.
    """
    n = src.shape[1]
    pad = radius * cn
    inner = sums[pad : pad + n]
    for y in range(y0, y1):
        above, below = row_at(src, outside, y - 1, border), row_at(src, outside, y + 1, border)
        if radius == 1:
            columns3(above, src[y], below, inner)
            fill_ends(sums, pad, cn, border)
            row3(sums, cn, dst[y])
        else:
            top, bottom = row_at(src, outside, y - 2, border), row_at(src, outside, y + 2, border)
            columns5(top, above, src[y], below, bottom, inner)
            fill_ends(sums, pad, cn, border)
            row5(sums, cn, dst[y])


def get_gaussian_kernel(cpu, dst, sigma):
    """Plan: a few numbers on the host, into dst (n, 1), float32 or float64."""
    dst[:, 0] = gaussian_weights(dst.shape[0], sigma)


def gaussian_blur(cpu, src, dst, cn, kernel_x, kernel_y, border):
    """Plan: kernels are odd and symmetric; for uint8 in 8 bits (uint16), for uint16 in 16 bits (uint32), for the other
    dtypes in floats.
    """
    if src.dtype not in WIDER:
        from cvkit_cpu.linear import sep_filter2d

        sep_filter2d(cpu, src, dst, cn, kernel_x, kernel_y, kernel_x.size // 2, kernel_y.size // 2, 0.0, border)
        return
    h, n = src.shape
    wide = WIDER[src.dtype]
    outside = np.zeros(n if border == CONSTANT else 0, src.dtype)
    outside.setflags(write=False)  # so that it has the type of a row of src
    radius = _binomial_radius(kernel_x, kernel_y)
    if radius:
        cpu.bands(
            *(binomial_band, src, outside, cn, border, radius, dst),
            bands=cpu.split(h, n * src.itemsize * 0.075 * radius),
            scratch=((n + 2 * radius * cn, wide),),
        )
        return
    taps_x, weights_x = _taps(kernel_x, cn)
    taps_y, weights_y = _taps(kernel_y, 1)
    m = n + 2 * int(taps_x.max())
    cpu.bands(
        *(fixed_band, src, outside, cn, border, 8 * src.itemsize, taps_x, weights_x, taps_y, weights_y, dst),
        bands=cpu.split(h, n * src.itemsize * 0.03 * (2 * taps_x.size + taps_y.size)),
        scratch=((2 * m, wide), (2 * m, src.dtype)),
    )


def _binomial_radius(kernel_x, kernel_y):
    """1 or 2 if both kernels are [1 2 1] or [1 4 6 4 1] over their sum, else 0."""
    if kernel_x.size != kernel_y.size or kernel_x.size not in (3, 5):
        return 0
    both = {kernel_x.tobytes(), kernel_y.tobytes()}
    return kernel_x.size // 2 if len(both) == 1 and both <= BINOMIAL else 0


def _taps(kernel, step):
    """Distances and weights of the centre and of an even number of pairs, at least two: those whose weight is not 0,
    and behind them weights of 0 at distance 0.
    """
    half = kernel[kernel.size // 2 :]
    used = np.flatnonzero(half[1:]) + 1
    count = max(used.size + used.size % 2, 2) + 1
    taps, weights = np.zeros(count, np.intp), np.zeros(count, kernel.dtype)
    taps[1 : used.size + 1] = used * step
    weights[0] = half[0]
    weights[1 : used.size + 1] = half[used]
    return taps, weights
