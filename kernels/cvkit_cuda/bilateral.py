"""The bilateral filter on the GPU (C. Tomasi, R. Manduchi, Bilateral filtering for gray and color images, ICCV 1998).

The image is first laid out with its border around it, so that a tap is a distance in a flat array. A block then copies
its pixels and those around them into shared memory; where a neighbourhood is too large for that, the same code reads
the laid out image, still 32 pixels side by side a warp. Weights come from tables, and every product, sum and fused
product is rounded where OpenCV rounds it: uint8 results are equal on all devices.

Sizes: the laid out image has fewer than 2**31 values and at most 524,280 rows (the grid's y limit of 65,535 blocks of
8).
"""

import numpy as np
from cvkit_math.borders import CONSTANT, REPLICATE, source_index
from numba import cuda, float32, int32, uint8, uint32
from numba.cuda import libdevice

BLOCK = (32, 8)
THREADS = BLOCK[0] * BLOCK[1]
LARGEST_TILE = 24 * 1024  # bytes, so that two blocks fit in every multiprocessor

# Blocks that look for the extremes: so many that each thread has VALUES or more to look at, and not more than REDUCERS.
REDUCERS, VALUES = 256, 16

VECTOR_U8, VECTOR_F32 = 32, 16  # OpenCV computes the last w % 32 or w % 16 pixels of a row in another way

# The compiler may fuse a * b + c; these it leaves alone. The simulator runs none of the intrinsics.
if cuda.config.ENABLE_CUDASIM:

    def product(a, b):
        return float32(a * b)

    def quotient(a, b):
        return float32(np.divide(a, b))

    def fused(a, b, c):
        return float32(np.float64(a) * np.float64(b) + np.float64(c))

    def nearest(a):
        return np.rint(a)

else:

    @cuda.jit(device=True)
    def product(a, b):
        """a * b, rounded."""
        return libdevice.fmul_rn(a, b)

    @cuda.jit(device=True)
    def quotient(a, b):
        """a / b, rounded to nearest."""
        return libdevice.fdiv_rn(a, b)

    @cuda.jit(device=True)
    def fused(a, b, c):
        """a * b + c, rounded once."""
        return libdevice.fmaf_rn(a, b, c)

    @cuda.jit(device=True)
    def nearest(a):
        """The nearest whole number, of two the even one."""
        return libdevice.rintf(a)


@cuda.jit
def lay_out(src, laid, radius, cn, border):
    """src (h, w*cn) with ``radius`` pixels of border on every side; one thread a value, radius 0 a plain copy."""
    column = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    row = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if column >= int32(laid.shape[1]) or row >= int32(laid.shape[0]):
        return
    h, w = int32(src.shape[0]), int32(uint32(src.shape[1]) // uint32(cn))
    pixel = int32(uint32(column) // uint32(cn))
    channel = int32(column - int32(pixel * cn))
    y, x = int32(row - radius), int32(pixel - radius)
    if border == int32(CONSTANT):
        if y < int32(0) or y >= h or x < int32(0) or x >= w:
            laid[uint32(row), uint32(column)] = 0
            return
    else:
        y, x = source_index(y, h, border), source_index(x, w, border)
    laid[uint32(row), uint32(column)] = src[uint32(y), uint32(int32(int32(x) * cn) + channel)]


@cuda.jit
def extremes(values, found):
    """Least and largest of flat float32 values in found (2, blocks), one of each for each block of THREADS; NaNs don't
    count. Where there is nothing else, infinities in the wrong order.
    """
    lows = cuda.shared.array(THREADS, float32)
    highs = cuda.shared.array(THREADS, float32)
    thread = uint32(cuda.threadIdx.x)
    low, high = float32(np.inf), float32(-np.inf)
    i = uint32(uint32(cuda.blockIdx.x) * uint32(THREADS) + thread)
    while i < uint32(values.size):
        value = values[i]
        if value < low:
            low = value
        if value > high:
            high = value
        i = uint32(i + uint32(uint32(found.shape[1]) * uint32(THREADS)))
    lows[thread], highs[thread] = low, high
    half = uint32(THREADS // 2)
    while half > uint32(0):
        cuda.syncthreads()
        if thread < half:
            other = uint32(thread + half)
            if lows[other] < lows[thread]:
                lows[thread] = lows[other]
            if highs[other] > highs[thread]:
                highs[thread] = highs[other]
        half = uint32(half >> uint32(1))
    if thread == uint32(0):
        found[uint32(0), uint32(cuda.blockIdx.x)] = lows[uint32(0)]
        found[uint32(1), uint32(cuda.blockIdx.x)] = highs[uint32(0)]


@cuda.jit(device=True)
def fill_tile(laid, tile, start, pitch, columns, rows):
    """The block's part of the laid out image, from flat place ``start`` on; a barrier has to follow."""
    for j in range(int32(cuda.threadIdx.y), rows, int32(BLOCK[1])):
        for i in range(int32(cuda.threadIdx.x), columns, int32(BLOCK[0])):
            place = int32(start + int32(int32(j) * pitch) + int32(i))
            # Beyond the last row or column no pixel of the image has a neighbour.
            if place < int32(laid.size):
                tile[uint32(int32(int32(j) * columns) + int32(i))] = laid[uint32(place)]


@cuda.jit(device=True)
def gray_u8_pixel(pixels, centre, places, weights, table, first, count, dst, y, x):
    """Sums over ``count`` taps from ``first`` on."""
    p = int32(pixels[uint32(centre)])
    total, s = float32(0), float32(0)
    for k in range(first, int32(first + count)):
        q = int32(pixels[uint32(centre + places[uint32(k)])])
        w = product(weights[uint32(k)], table[uint32(abs(int32(q - p)))])
        total = float32(total + w)
        s = fused(float32(q), w, s)
    dst[uint32(y), uint32(x)] = uint8(int32(nearest(quotient(s, total))))


@cuda.jit(device=True)
def color_u8_pixel(pixels, centre, places, weights, table, first, count, dst, y, x):
    """As gray_u8_pixel, weighted by the sum of the channels' differences."""
    b, g = int32(pixels[uint32(centre)]), int32(pixels[uint32(centre + int32(1))])
    r = int32(pixels[uint32(centre + int32(2))])
    total, sb, sg, sr = float32(0), float32(0), float32(0), float32(0)
    for k in range(first, int32(first + count)):
        there = int32(centre + places[uint32(k)])
        qb, qg = int32(pixels[uint32(there)]), int32(pixels[uint32(there + int32(1))])
        qr = int32(pixels[uint32(there + int32(2))])
        difference = int32(abs(int32(qb - b)) + abs(int32(qg - g)) + abs(int32(qr - r)))
        w = product(weights[uint32(k)], table[uint32(difference)])
        total = float32(total + w)
        sb, sg, sr = fused(float32(qb), w, sb), fused(float32(qg), w, sg), fused(float32(qr), w, sr)
    share = quotient(float32(1), total)
    at = int32(int32(3) * x)
    dst[uint32(y), uint32(at)] = uint8(int32(nearest(product(sb, share))))
    dst[uint32(y), uint32(at + int32(1))] = uint8(int32(nearest(product(sg, share))))
    dst[uint32(y), uint32(at + int32(2))] = uint8(int32(nearest(product(sr, share))))


@cuda.jit(device=True)
def look_up(table, difference, per_step, weight, tail):
    """The weight of a difference, interpolated between the table's entries; 1 times ``weight`` for NaN. In the tail of
    a row OpenCV clips to the table where elsewhere it goes on in a line.
    """
    last = float32(int32(table.size) - int32(2))
    a = product(difference, per_step)
    if not (a >= float32(0)):
        a = float32(0)
    i = int32(min(a, last))
    low, high = table[uint32(i)], table[uint32(i + int32(1))]
    if tail:
        f = float32(min(a, last) - float32(i))
        return product(weight, fused(f, float32(high - low), low))
    f = float32(a - float32(i))
    return product(weight, fused(high, f, product(low, float32(float32(1) - f))))


@cuda.jit(device=True)
def gray_f32_pixel(pixels, centre, places, weights, table, per_step, tail, dst, y, x):
    """Sums over the taps around the centre, which is added at the end. A NaN weighs nothing."""
    p = pixels[uint32(centre)]
    total, s = float32(0), float32(0)
    for k in range(int32(places.size)):
        q = pixels[uint32(centre + places[uint32(k)])]
        if q == q:
            w = look_up(table, float32(abs(float32(q - p))), per_step, weights[uint32(k)], tail)
            total = float32(total + w)
            s = fused(q, w, s)
    if p == p:
        total, s = float32(total + float32(1)), float32(s + p)
    dst[uint32(y), uint32(x)] = quotient(s, total)


@cuda.jit(device=True)
def color_f32_pixel(pixels, centre, places, weights, table, per_step, tail, dst, y, x):
    """As gray_f32_pixel; one NaN takes the whole pixel out."""
    b, g = pixels[uint32(centre)], pixels[uint32(centre + int32(1))]
    r = pixels[uint32(centre + int32(2))]
    total, sb, sg, sr = float32(0), float32(0), float32(0), float32(0)
    for k in range(int32(places.size)):
        there = int32(centre + places[uint32(k)])
        qb, qg = pixels[uint32(there)], pixels[uint32(there + int32(1))]
        qr = pixels[uint32(there + int32(2))]
        if qb == qb and qg == qg and qr == qr:
            difference = float32(float32(abs(float32(qb - b)) + abs(float32(qg - g))) + abs(float32(qr - r)))
            w = look_up(table, difference, per_step, weights[uint32(k)], tail)
            total = float32(total + w)
            sb, sg, sr = fused(qb, w, sb), fused(qg, w, sg), fused(qr, w, sr)
    if b == b and g == g and r == r:
        total = float32(total + float32(1))
        sb, sg, sr = float32(sb + b), float32(sg + g), float32(sr + r)
    share = quotient(float32(1), total)
    at = int32(int32(3) * x)
    dst[uint32(y), uint32(at)] = product(sb, share)
    dst[uint32(y), uint32(at + int32(1))] = product(sg, share)
    dst[uint32(y), uint32(at + int32(2))] = product(sr, share)


def _u8_kernel(pixel, channels, tiled):
    """The kernel for a number of channels, with or without a tile in shared memory."""
    entries = 256 * channels

    def filtered(laid, dst, places, weights, table, radius, pitch, split):
        """One thread a pixel. The taps stand twice in places and weights: in OpenCV's order up to column ``split``, and
        in that from there on. pitch: values a row of laid; places are distances in the tile where there is one.
        """
        own_table = cuda.shared.array(entries, float32)
        x0, y0 = int32(cuda.blockIdx.x * BLOCK[0]), int32(cuda.blockIdx.y * BLOCK[1])
        tx, ty = int32(cuda.threadIdx.x), int32(cuda.threadIdx.y)
        for i in range(int32(int32(ty * int32(BLOCK[0])) + tx), int32(entries), int32(THREADS)):
            own_table[uint32(i)] = table[uint32(i)]
        start = int32(int32(y0 * pitch) + int32(x0 * int32(channels)))
        inner = int32(radius * int32(channels)) + int32(tx * int32(channels))
        if tiled:
            pixels = cuda.shared.array(0, uint8)
            columns = int32(int32(int32(BLOCK[0]) + int32(2) * radius) * int32(channels))
            fill_tile(laid, pixels, start, pitch, columns, int32(int32(BLOCK[1]) + int32(2) * radius))
            centre = int32(int32(int32(ty + radius) * columns) + inner)
        else:
            pixels = laid
            centre = int32(int32(start + int32(int32(ty + radius) * pitch)) + inner)
        cuda.syncthreads()
        x, y = int32(x0 + tx), int32(y0 + ty)
        if y < int32(dst.shape[0]) and int32(x * int32(channels)) < int32(dst.shape[1]):
            count = int32(uint32(places.size) >> uint32(1))
            first = count if x >= split else int32(0)
            pixel(pixels, centre, places, weights, own_table, first, count, dst, y, x)

    return filtered


def _f32_kernel(pixel, channels, tiled):
    """As _u8_kernel; the table stays where it is, being too large to copy."""

    def filtered(laid, dst, places, weights, table, per_step, radius, pitch, split):
        """One thread a pixel. From column ``split`` on the pixels are in the tail of the row; per_step: entries of the
        table a difference of 1. pitch: values a row of laid; places are distances in the tile where there is one.
        """
        x0, y0 = int32(cuda.blockIdx.x * BLOCK[0]), int32(cuda.blockIdx.y * BLOCK[1])
        tx, ty = int32(cuda.threadIdx.x), int32(cuda.threadIdx.y)
        start = int32(int32(y0 * pitch) + int32(x0 * int32(channels)))
        inner = int32(radius * int32(channels)) + int32(tx * int32(channels))
        if tiled:
            pixels = cuda.shared.array(0, float32)
            columns = int32(int32(int32(BLOCK[0]) + int32(2) * radius) * int32(channels))
            fill_tile(laid, pixels, start, pitch, columns, int32(int32(BLOCK[1]) + int32(2) * radius))
            centre = int32(int32(int32(ty + radius) * columns) + inner)
            cuda.syncthreads()
        else:
            pixels = laid
            centre = int32(int32(start + int32(int32(ty + radius) * pitch)) + inner)
        x, y = int32(x0 + tx), int32(y0 + ty)
        if y < int32(dst.shape[0]) and int32(x * int32(channels)) < int32(dst.shape[1]):
            pixel(pixels, centre, places, weights, table, per_step, x >= split, dst, y, x)

    return filtered


def _named(name, function):
    function.__name__ = function.__qualname__ = name
    return cuda.jit(function)


gray_u8 = _named("gray_u8", _u8_kernel(gray_u8_pixel, 1, False))
gray_u8_tile = _named("gray_u8_tile", _u8_kernel(gray_u8_pixel, 1, True))
color_u8 = _named("color_u8", _u8_kernel(color_u8_pixel, 3, False))
color_u8_tile = _named("color_u8_tile", _u8_kernel(color_u8_pixel, 3, True))
gray_f32 = _named("gray_f32", _f32_kernel(gray_f32_pixel, 1, False))
gray_f32_tile = _named("gray_f32_tile", _f32_kernel(gray_f32_pixel, 1, True))
color_f32 = _named("color_f32", _f32_kernel(color_f32_pixel, 3, False))
color_f32_tile = _named("color_f32_tile", _f32_kernel(color_f32_pixel, 3, True))

KERNELS = {
    (np.uint8, 1): (gray_u8, gray_u8_tile),
    (np.uint8, 3): (color_u8, color_u8_tile),
    (np.float32, 1): (gray_f32, gray_f32_tile),
    (np.float32, 3): (color_f32, color_f32_tile),
}


def _grid(w, h):
    """Blocks that cover w columns and h rows."""
    return -(-w // BLOCK[0]), -(-h // BLOCK[1])


def _lay_out(gpu, src, laid, radius, cn, border):
    gpu.launch(lay_out, _grid(laid.shape[1], laid.shape[0]), BLOCK, (src, laid, *map(np.int32, (radius, cn, border))))


def _extremes(gpu, src):
    """Least and largest value; the host waits for them, as it makes the table."""
    blocks = min(REDUCERS, -(-src.size // (THREADS * VALUES)))
    found = gpu.empty((2, blocks), np.float32)
    gpu.launch(extremes, (blocks,), (THREADS,), (src.reshape(-1), found))
    lows, highs = gpu.download(found)
    return lows.min(), highs.max()


def bilateral_filter(gpu, src, dst, cn, border, disk, tones):
    """Plan: lay out the image, then one launch over its pixels.

    disk: radius, taps (K, 2), their weights, and the taps' order in the tail of a row. tones: for uint8 the table of
    weights; for float32 a function of the least and largest value that makes the table and says how many entries a
    difference of 1 is, 0 where the image is to stay as it is. Both are None where it stays as it is anyway.
    """
    if disk is None:
        _lay_out(gpu, src, dst, 0, cn, REPLICATE)
        return
    h, n = src.shape
    w, radius = n // cn, disk.radius
    pitch = n + 2 * radius * cn
    columns = (BLOCK[0] + 2 * radius) * cn
    tile = columns * (BLOCK[1] + 2 * radius) * src.dtype.itemsize
    tiled = tile <= LARGEST_TILE
    places = disk.taps @ np.array([columns if tiled else pitch, cn])
    if src.dtype == np.float32:
        table, per_step = tones.table(*_extremes(gpu, src))
        if per_step == 0:
            _lay_out(gpu, src, dst, 0, cn, REPLICATE)
            return
        middle = len(places) // 2
        places, weights = np.delete(places, middle), np.delete(disk.weights, middle)
        options, split = (np.float32(per_step),), w // VECTOR_F32 * VECTOR_F32
    else:
        table, weights = tones.table, np.concatenate([disk.weights, disk.weights[disk.order]])
        places = np.concatenate([places, places[disk.order]])
        options, split = (), w // VECTOR_U8 * VECTOR_U8
    laid = gpu.empty((h + 2 * radius, pitch), src.dtype)
    _lay_out(gpu, src, laid, radius, cn, border)
    arrays = [gpu.upload(each) for each in (places.astype(np.int32), weights, table)]
    numbers = (*options, np.int32(radius), np.int32(pitch), np.int32(split))
    kernel = KERNELS[src.dtype.type, cn][tiled]
    gpu.launch(kernel, _grid(w, h), BLOCK, (laid.reshape(-1), dst, *arrays, *numbers), tile if tiled else 0)
