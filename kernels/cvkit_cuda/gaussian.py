"""Gaussian blur on the GPU: uint8 and uint16 in fixed point, equal to the CPU in every bit; the rest as any separable
filter.

Weights are whole multiples of 2**-bits that sum to 1, bits = 8 for uint8 and 16 for uint16, so the sum down a column
is exact in twice the bits of a pixel, the sum of a window in three times as many, and it is rounded once, half up.

A small kernel is one launch on tiles in shared memory, columns first. A large one is two launches with the column sums
between them in device memory. Taps are an int32 array (2, k), distances from the centre above and weights below: the
centre first, then one of each pair whose weight is not 0. Sizes: w * cn below 2**31 - 2**18, and at most 524,280 rows
(65,535 blocks of 8).
"""

import numpy as np
from cvkit_math.borders import CONSTANT, source_index
from numba import cuda, int32, uint8, uint16, uint32, uint64

BLOCK = (32, 8)

# Of a block of the fused kernels: elements of its result, the largest radius in pixels, and what that makes of its
# source and of its column sums with four channels.
TILE_W, TILE_H = 64, 16
LARGEST_RADIUS = 8
SOURCE = (TILE_H + 2 * LARGEST_RADIUS, TILE_W + 8 * LARGEST_RADIUS)
SUMS = (TILE_H, TILE_W + 8 * LARGEST_RADIUS)


@cuda.jit(device=True)
def element(length, e, radius, cn, border):
    """Index of the element that stands for e, which lies at most ``radius`` pixels outside a row; -1 for a zero."""
    if e >= int32(0) and e < length:
        return e
    if border == int32(CONSTANT):
        return int32(-1)
    shifted, channels = uint32(e + int32(radius * cn)), uint32(cn)
    pixel = uint32(shifted // channels)
    channel = int32(shifted - uint32(pixel * channels))
    w = int32(uint32(length) // channels)
    return int32(int32(int32(source_index(int32(int32(pixel) - radius), w, border)) * cn) + channel)


@cuda.jit(device=True)
def line(h, y, border):
    """Index of the row that stands for row y; -1 for a row of zeros."""
    if y >= int32(0) and y < h:
        return y
    if border == int32(CONSTANT):
        return int32(-1)
    return int32(source_index(y, h, border))


def _fused(pixel, total, bits):
    """The kernel for a radius of up to LARGEST_RADIUS either way; ``total`` holds three times the bits of a pixel."""
    half, shift = 1 << (2 * bits - 1), 2 * bits

    def blur(src, dst, taps_x, taps_y, radius_x, radius_y, cn, border):
        """Fixed-point blur of src (h, w*cn); a block makes TILE_W x TILE_H elements and reads each source once."""
        tile = cuda.shared.array(SOURCE, pixel)
        sums = cuda.shared.array(SUMS, uint32)
        h, length = int32(src.shape[0]), int32(src.shape[1])
        tx, ty = int32(cuda.threadIdx.x), int32(cuda.threadIdx.y)
        x0, y0 = int32(cuda.blockIdx.x * TILE_W), int32(cuda.blockIdx.y * TILE_H)
        halo = int32(radius_x * cn)
        rows = int32(min(int32(TILE_H), int32(h - y0)))
        inner = int32(min(int32(TILE_W), int32(length - x0)))
        columns = int32(inner + int32(2) * halo)
        for j in range(ty, int32(rows + int32(2) * radius_y), int32(BLOCK[1])):
            y = line(h, int32(int32(y0 + int32(j)) - radius_y), border)
            for i in range(tx, columns, int32(BLOCK[0])):
                e = element(length, int32(int32(x0 + int32(i)) - halo), radius_x, cn, border)
                value = pixel(0)
                if y >= int32(0) and e >= int32(0):
                    value = src[uint32(y), uint32(e)]
                tile[uint32(j), uint32(i)] = value
        cuda.syncthreads()
        for j in range(ty, rows, int32(BLOCK[1])):
            middle = int32(int32(j) + radius_y)
            for i in range(tx, columns, int32(BLOCK[0])):
                s = uint32(uint32(taps_y[1, 0]) * uint32(tile[uint32(middle), uint32(i)]))
                for k in range(int32(1), int32(taps_y.shape[1])):
                    o, weight = int32(taps_y[0, uint32(k)]), uint32(taps_y[1, uint32(k)])
                    above, below = uint32(middle - o), uint32(middle + o)
                    pair = uint32(uint32(tile[above, uint32(i)]) + uint32(tile[below, uint32(i)]))
                    s = uint32(s + uint32(weight * pair))
                sums[uint32(j), uint32(i)] = s
        cuda.syncthreads()
        for j in range(ty, rows, int32(BLOCK[1])):
            for i in range(tx, inner, int32(BLOCK[0])):
                middle = int32(int32(i) + halo)
                s = total(total(half) + total(total(taps_x[1, 0]) * total(sums[uint32(j), uint32(middle)])))
                for k in range(int32(1), int32(taps_x.shape[1])):
                    o, weight = int32(int32(taps_x[0, uint32(k)]) * cn), total(taps_x[1, uint32(k)])
                    s = total(s + total(weight * total(sums[uint32(j), uint32(middle - o)])))
                    s = total(s + total(weight * total(sums[uint32(j), uint32(middle + o)])))
                dst[uint32(y0 + int32(j)), uint32(x0 + int32(i))] = pixel(total(s >> total(shift)))

    blur.__name__ = blur.__qualname__ = f"blur_{pixel}"
    return cuda.jit(blur)


def _columns(pixel, column):
    """The first of the two kernels for any radius."""

    def blur(src, sums, taps, border):
        """Sums down the columns of src (h, w*cn), one thread an element."""
        x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
        y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
        h, length = int32(src.shape[0]), int32(src.shape[1])
        if x >= length or y >= h:
            return
        s = uint32(uint32(taps[1, 0]) * uint32(src[uint32(y), uint32(x)]))
        for k in range(int32(1), int32(taps.shape[1])):
            o, weight = int32(taps[0, uint32(k)]), uint32(taps[1, uint32(k)])
            above, below = line(h, int32(y - o), border), line(h, int32(y + o), border)
            if above >= int32(0):
                s = uint32(s + uint32(weight * uint32(src[uint32(above), uint32(x)])))
            if below >= int32(0):
                s = uint32(s + uint32(weight * uint32(src[uint32(below), uint32(x)])))
        sums[uint32(y), uint32(x)] = column(s)

    blur.__name__ = blur.__qualname__ = f"columns_{pixel}"
    return cuda.jit(blur)


def _rows(pixel, total, bits):
    """The second of the two kernels for any radius."""
    half, shift = 1 << (2 * bits - 1), 2 * bits

    def blur(sums, dst, taps, radius, cn, border):
        """Along the rows of the column sums, rounded; one thread an element."""
        x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
        y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
        h, length = int32(sums.shape[0]), int32(sums.shape[1])
        if x >= length or y >= h:
            return
        s = total(total(half) + total(total(taps[1, 0]) * total(sums[uint32(y), uint32(x)])))
        for k in range(int32(1), int32(taps.shape[1])):
            o, weight = int32(int32(taps[0, uint32(k)]) * cn), total(taps[1, uint32(k)])
            left = element(length, int32(x - o), radius, cn, border)
            right = element(length, int32(x + o), radius, cn, border)
            if left >= int32(0):
                s = total(s + total(weight * total(sums[uint32(y), uint32(left)])))
            if right >= int32(0):
                s = total(s + total(weight * total(sums[uint32(y), uint32(right)])))
        dst[uint32(y), uint32(x)] = pixel(total(s >> total(shift)))

    blur.__name__ = blur.__qualname__ = f"rows_{pixel}"
    return cuda.jit(blur)


blur_uint8, columns_uint8, rows_uint8 = _fused(uint8, uint32, 8), _columns(uint8, uint16), _rows(uint8, uint32, 8)
blur_uint16, columns_uint16, rows_uint16 = (
    _fused(uint16, uint64, 16),
    _columns(uint16, uint32),
    _rows(uint16, uint64, 16),
)

# For each dtype the fused kernel, the two others, and the dtype of the column sums between them.
FIXED = {
    np.dtype(np.uint8): (blur_uint8, columns_uint8, rows_uint8, np.uint16),
    np.dtype(np.uint16): (blur_uint16, columns_uint16, rows_uint16, np.uint32),
}


def gaussian_blur(gpu, src, dst, cn, kernel_x, kernel_y, border):
    """Plan: kernels are odd and symmetric; for uint8 in 8 bits, for uint16 in 16 bits, else in floats."""
    if src.dtype not in FIXED:
        from cvkit_cuda.linear import sep_filter2d

        sep_filter2d(gpu, src, dst, cn, kernel_x, kernel_y, kernel_x.size // 2, kernel_y.size // 2, 0.0, border)
        return
    fused, columns, rows, between = FIXED[src.dtype]
    h, length = src.shape
    taps_x, taps_y = _taps(kernel_x), _taps(kernel_y)
    radius_x, radius_y = taps_x[0, -1], taps_y[0, -1]
    on_x, on_y = gpu.upload(taps_x), gpu.upload(taps_y)
    channels, code = np.int32(cn), np.int32(border)
    if max(radius_x, radius_y) <= LARGEST_RADIUS:
        grid = (-(-length // TILE_W), -(-h // TILE_H))
        gpu.launch(fused, grid, BLOCK, (src, dst, on_x, on_y, radius_x, radius_y, channels, code))
        return
    grid = (-(-length // BLOCK[0]), -(-h // BLOCK[1]))
    sums = gpu.empty((h, length), between)
    gpu.launch(columns, grid, BLOCK, (src, sums, on_y, code))
    gpu.launch(rows, grid, BLOCK, (sums, dst, on_x, radius_x, channels, code))


def _taps(kernel):
    """Distances and weights as the kernels take them."""
    half = kernel[kernel.size // 2 :]
    used = np.concatenate(([0], np.flatnonzero(half[1:]) + 1))
    return np.stack([used, half[used]]).astype(np.int32)
