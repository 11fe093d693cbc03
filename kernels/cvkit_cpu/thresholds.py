"""Thresholds on the CPU: images compared with one value, or with the mean around each pixel, and histograms to choose
the value from. Nothing looks at neighbours, so images are taken as one row, and bands are parts of it.
"""

import numpy as np
from cvkit_math import thresholds as choice
from cvkit_math.borders import REPLICATE
from numba import int16, intp

from cvkit_cpu import typed
from cvkit_cpu.box import box_filter
from cvkit_cpu.gaussian import gaussian_blur
from cvkit_cpu.jit import kernel

BINARY, BINARY_INV, TRUNC, TOZERO, TOZERO_INV = range(5)  # cv2's numbers
LINE = 64  # bytes of a cache line
BINS = {"uint8": 256, "uint16": 65536}

otsu_value, triangle_value = kernel(choice.otsu_value), kernel(choice.triangle_value)
CHOICES = {"otsu": otsu_value, "triangle": triangle_value}


@kernel
def level_band(src, dst, mode, level, value, x0, x1):
    """Elements [x0, x1) compared with level, apart from those before the first cache line of dst, which a vector would
    take together with some behind it, and all vectors after it likewise.
    """
    s, d = src[x0:x1], dst[x0:x1]
    ahead = min(intp(-d.ctypes.data & (LINE - 1)) // d.itemsize, d.size)
    level_part(s[:ahead], d[:ahead], mode, level, value)
    level_part(s[ahead:], d[ahead:], mode, level, value)


@kernel
def level_part(s, d, mode, level, value):
    """Where a mode gives neither an element nor the level it gives value or 0. NaN is neither above nor not above."""
    like = d[0]
    t, a, zero = typed.cast(level, like), typed.cast(value, like), typed.cast(0, like)
    if mode == BINARY:
        for x in range(s.size):
            d[x] = typed.select(s[x] > t, a, zero)
    elif mode == BINARY_INV:
        for x in range(s.size):
            d[x] = typed.select(s[x] <= t, a, zero)
    elif mode == TRUNC:
        for x in range(s.size):
            d[x] = typed.select(s[x] < t, s[x], t)
    elif mode == TOZERO:
        for x in range(s.size):
            d[x] = typed.select(s[x] > t, s[x], zero)
    else:
        for x in range(s.size):
            d[x] = typed.select(s[x] <= t, s[x], zero)


@kernel
def counts_u8_band(src, counts, parts, table, x0, x1):
    """How often each value occurs in elements [x0, x1), into the part of ``counts`` that belongs to the band.

    Four tables by turns: an addition need not wait for the one before it where neighbours are equal.
    """
    a, b, c, d = table[0], table[1], table[2], table[3]
    for i in range(256):
        a[i] = b[i] = c[i] = d[i] = 0
    words = (x1 - x0) >> 3
    mask = np.uint64(255)
    for j in range(words):
        word = typed.load_uint64(src, x0 + 8 * j)
        a[typed.bit_and(word, mask)] += 1
        b[typed.bit_and(typed.shr(word, np.uint64(8)), mask)] += 1
        c[typed.bit_and(typed.shr(word, np.uint64(16)), mask)] += 1
        d[typed.bit_and(typed.shr(word, np.uint64(24)), mask)] += 1
        a[typed.bit_and(typed.shr(word, np.uint64(32)), mask)] += 1
        b[typed.bit_and(typed.shr(word, np.uint64(40)), mask)] += 1
        c[typed.bit_and(typed.shr(word, np.uint64(48)), mask)] += 1
        d[typed.shr(word, np.uint64(56))] += 1
    for x in range(x0 + 8 * words, x1):
        a[src[x]] += 1
    own = counts[band_of(x0, src.size, parts)]
    for i in range(256):
        own[i] = a[i] + b[i] + c[i] + d[i]


@kernel
def counts_u16_band(src, counts, parts, x0, x1):
    """As counts_u8_band, of uint16."""
    own = counts[band_of(x0, src.size, parts)]
    own[:] = 0
    for x in range(x0, x1):
        own[src[x]] += 1


@kernel
def band_of(x0, size, parts):
    """The number of the band of ``parts`` equal ones that begins at x0."""
    return (x0 * parts + size - 1) // size


@kernel
def above_mean_band(src, dst, limit, value, inverse, x0, x1):
    """Elements [x0, x1): value where src exceeds dst, which holds the means, by more than limit, or where it does not.

    limit is in [-256, 256].
    """
    s, d = src[x0:x1], dst[x0:x1]
    bound = int16(limit)
    a, b = typed.cast(value, src[0]), typed.cast(0, src[0])
    if inverse:
        a, b = b, a
    for x in range(s.size):
        d[x] = typed.select(typed.sub(int16(s[x]), int16(d[x])) > bound, a, b)


@kernel
def round_band(means, dst, x0, x1):
    """Means in float32, rounded half to even and clamped to uint8."""
    m, d = means[x0:x1], dst[x0:x1]
    low, high = np.int32(0), np.int32(255)
    for x in range(m.size):
        d[x] = typed.cast(typed.minimum(typed.maximum(typed.rint_int32(m[x]), low), high), dst[0])


@kernel
def widen_band(src, floats, x0, x1):
    """Elements [x0, x1) as float32."""
    s, f = src[x0:x1], floats[x0:x1]
    for x in range(s.size):
        f[x] = np.float32(s[x])


def threshold(cpu, src, dst, mode, level, value):
    """Plan: each element compared with level, a number of the image's dtype, in the mode of cv2's number."""
    src, dst = src.ravel(), dst.ravel()  # both are contiguous, so that these are views
    cpu.bands(level_band, src, dst, mode, level, value, bands=cpu.split(src.size, 0.02 * src.itemsize))


def threshold_value(cpu, src, method):
    """Plan: the threshold that "otsu" or "triangle" chooses for a uint8 or uint16 image."""
    src = src.reshape(-1)
    bins = BINS[src.dtype.name]
    bands = cpu.split(src.size, 0.4)
    counts = np.empty((len(bands), bins), np.int64)
    if bins == 256:
        cpu.bands(counts_u8_band, src, counts, len(bands), bands=bands, scratch=(((4, 256), np.int64),))
    else:
        cpu.bands(counts_u16_band, src, counts, len(bands), bands=bands)
    return CHOICES[method](counts[0] if len(bands) == 1 else counts.sum(axis=0))


def adaptive_threshold(cpu, src, dst, kernel_x, kernel_y, limit, value, inverse):
    """Plan: the mean around each pixel, by an unweighted window where the kernels are its sides and by Gaussian ones
    where they are float32 weights, then the comparison in place.
    """
    pixels, means = src.reshape(-1), dst.reshape(-1)
    if isinstance(kernel_x, int):
        box_filter(cpu, src, dst, 1, (kernel_x, kernel_y), (kernel_x // 2, kernel_y // 2), REPLICATE, True)
    else:
        memory = cpu.take(8 * src.size)
        floats = memory.view(np.float32)
        wide, smooth = floats[: src.size], floats[src.size :]
        cpu.bands(widen_band, pixels, wide, bands=cpu.split(src.size, 0.1))
        image = wide.reshape(src.shape)
        image.setflags(write=False)  # so that it has the type of an image
        gaussian_blur(cpu, image, smooth.reshape(src.shape), 1, kernel_x, kernel_y, REPLICATE)
        cpu.bands(round_band, smooth, means, bands=cpu.split(src.size, 0.1))
        cpu.give(memory)
    cpu.bands(above_mean_band, pixels, means, limit, value, inverse, bands=cpu.split(src.size, 0.04))
