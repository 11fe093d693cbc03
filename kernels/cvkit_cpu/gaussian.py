"""Gaussian blur on the CPU.

uint8 and uint16 run in fixed point, as in OpenCV: the weights are whole multiples of 2**-8 and 2**-16 that sum to 1
exactly, both passes are exact, and the result is rounded once, half up. A row of the image is first blurred down the
columns into sums of twice the width of a pixel. Those are split into high and low halves, each as wide as a pixel
again, so that the second pass, along the row, is the same arithmetic on the same lanes; with S = 2**bits and the sums A
of the high halves and B of the low ones, (A * S + B + S * S / 2) // (S * S) is (A + B // S + S / 2) // S.

The binomial kernels of 3 x 3 and 5 x 5 have loops of their own, and so have kernels of these sizes on float32. All
other floats, and int16, go through the separable filter.
"""

from functools import lru_cache

import numpy as np
from cvkit_math.borders import CONSTANT

from cvkit_cpu import gaussian_binomial, typed
from cvkit_cpu.gaussian_weights import gaussian_weights
from cvkit_cpu.jit import kernel
from cvkit_cpu.rows import fill_ends, row_at
from cvkit_cpu.views import apart

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
    apart()
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
    apart()
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


def get_gaussian_kernel(cpu, dst, sigma):
    """Plan: a few numbers on the host, into dst (n, 1), float32 or float64."""
    dst[:, 0] = gaussian_weights(dst.shape[0], sigma)


def gaussian_blur(cpu, src, dst, cn, kernel_x, kernel_y, border):
    """Plan: kernels are odd and symmetric; for uint8 in 8 bits (uint16), for uint16 in 16 bits (uint32), for the other
    dtypes in floats.
    """
    if src.dtype not in WIDER:
        _blur_floats(cpu, src, dst, cn, kernel_x, kernel_y, border)
        return
    h, n = src.shape
    wide = WIDER[src.dtype]
    outside = _zeros(n if border == CONSTANT else 0, src.dtype)
    if kernel_x.size == kernel_y.size in (3, 5) and _is_binomial(kernel_x) and _is_binomial(kernel_y):
        radius = kernel_x.size // 2
        cpu.bands(
            *(gaussian_binomial.binomial_band, src, outside, cn, border, radius, dst),
            bands=cpu.split(h, n * src.itemsize * (0.04 + 0.03 * radius)),
            scratch=gaussian_binomial.scratch(n, radius, cn, wide),
        )
        return
    (taps_x, weights_x), (taps_y, weights_y) = _taps(kernel_x, cn), _taps(kernel_y, 1)
    m = n + 2 * int(taps_x.max())
    cpu.bands(
        *(fixed_band, src, outside, cn, border, 8 * src.itemsize, taps_x, weights_x, taps_y, weights_y, dst),
        bands=cpu.split(h, n * src.itemsize * 0.03 * (2 * taps_x.size + taps_y.size)),
        scratch=((2 * m, wide), (2 * m, src.dtype)),
    )


def _blur_floats(cpu, src, dst, cn, kernel_x, kernel_y, border):
    """Kernels of 3 x 3 and 5 x 5 on float32, which have a loop of their own, and all others."""
    if src.dtype == np.float32 and kernel_x.size == kernel_y.size in (3, 5):
        from cvkit_cpu.gaussian_floats import floats_band, scratch, stripe

        h, n = src.shape
        radius = kernel_x.size // 2
        cpu.bands(
            *(floats_band, src, dst, cn, border, kernel_x, kernel_y, stripe(n, radius)),
            bands=cpu.split(h, n * (0.2 + 0.1 * radius)),
            scratch=scratch(n, radius, cn),
        )
    else:
        from cvkit_cpu.linear import sep_filter2d

        sep_filter2d(cpu, src, dst, cn, kernel_x, kernel_y, kernel_x.size // 2, kernel_y.size // 2, 0.0, border)


@lru_cache(maxsize=32)
def _zeros(n, dtype):
    """A row of the constant outside, read-only as a row of an image is."""
    row = np.zeros(n, dtype)
    row.setflags(write=False)
    return row


def _is_binomial(kernel):
    """Whether it is [1 2 1] or [1 4 6 4 1] over the sum of that."""
    return kernel.tobytes() in BINOMIAL


def _taps(kernel, step):
    """Distances and weights of the centre and of an even number of pairs, at least two: those whose weight is not 0,
    and behind them weights of 0 at distance 0.
    """
    return _taps_of(kernel.tobytes(), kernel.dtype.char, step)


@lru_cache(maxsize=32)
def _taps_of(kernel, dtype, step):
    kernel = np.frombuffer(kernel, dtype)
    half = kernel[kernel.size // 2 :]
    used = np.flatnonzero(half[1:]) + 1
    count = max(used.size + used.size % 2, 2) + 1
    taps, weights = np.zeros(count, np.intp), np.zeros(count, kernel.dtype)
    taps[1 : used.size + 1] = used * step
    weights[0] = half[0]
    weights[1 : used.size + 1] = half[used]
    return taps, weights
