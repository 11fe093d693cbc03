"""Median filters on the GPU; rows are w * cn values, a neighbour to the left or right lies cn values away.

3 x 3 and 5 x 5: networks of minima and maxima in registers; the columns of a tile are sorted once, in shared memory.
uint8 beyond: histograms in shared memory (after O. Green, Efficient scalable median filtering using histogram-based
operations, IEEE Transactions on Image Processing 27(5), 2018). The other dtypes up to 9 x 9: sorted columns merged up
to the median. Counts and comparisons only, so the order of threads shows nowhere.

uint16, int16 and uint8 are float32 while they are compared, which holds each of their values.
"""

import numpy as np
from cvkit_math.borders import REPLICATE, source_index
from numba import cuda, float32, int32, uint8, uint32, uint64

from cvkit_cuda.median_networks import median5, sort5

BLOCK = (32, 8)
THREADS = BLOCK[0] * BLOCK[1]
MOST_CHANNELS = 4

# The networks: two rows of the image a thread, so that less of a tile is its margin.
ROWS = 16
TILE3, RANKS3 = (ROWS + 2, 32 + 2 * MOST_CHANNELS), (3, ROWS, 32 + 2 * MOST_CHANNELS)
TILE5, RANKS5 = (ROWS + 4, 32 + 4 * MOST_CHANNELS), (5, ROWS, 32 + 4 * MOST_CHANNELS)

MERGED = (9, BLOCK[1], 32 + 8 * MOST_CHANNELS)
NIBBLE = 15

# Histograms of 60 windows by 64 x 4 threads: 16 bits a count, two windows a word, so that 8 warps take 32 KB.
COLUMNS = 60
WORDS = COLUMNS // 2
HISTOGRAM_BLOCK = (64, 4)
PARTS = HISTOGRAM_BLOCK[1]
FINE, COARSE = 256 * WORDS, 16 * WORDS
SEGMENT = 64  # rows that a block goes down, at the least


@cuda.jit(device=True)
def inside(e, n, cn):
    """The element of the nearest pixel of a row of n elements that has e's channel."""
    while e < int32(0):
        e = int32(e + cn)
    while e >= n:
        e = int32(e - cn)
    return e


@cuda.jit(device=True)
def load_tile(src, tile, x0, y0, rows, radius, cn):
    """Rows from y0 - radius on and elements from x0 - radius * cn on, as far as a window in the image reaches."""
    h, n = int32(src.shape[0]), int32(src.shape[1])
    margin = int32(radius * cn)
    count = int32(min(int32(BLOCK[0]), int32(n - x0)) + int32(2) * margin)
    for j in range(int32(cuda.threadIdx.y), rows, int32(BLOCK[1])):
        y = source_index(int32(y0 - radius + int32(j)), h, int32(REPLICATE))
        for i in range(int32(cuda.threadIdx.x), count, int32(BLOCK[0])):
            e = inside(int32(x0 - margin + int32(i)), n, cn)
            tile[uint32(j), uint32(i)] = float32(src[uint32(y), uint32(e)])
    return count


@cuda.jit
def median_3(src, dst, cn):
    """The 3 x 3 median of a tile of 32 elements by ROWS rows."""
    tile = cuda.shared.array(TILE3, float32)
    ranks = cuda.shared.array(RANKS3, float32)
    h, n = int32(src.shape[0]), int32(src.shape[1])
    x0, y0 = int32(cuda.blockIdx.x * BLOCK[0]), int32(cuda.blockIdx.y * ROWS)
    count = load_tile(src, tile, x0, y0, int32(TILE3[0]), int32(1), cn)
    cuda.syncthreads()
    for j in range(int32(cuda.threadIdx.y), int32(ROWS), int32(BLOCK[1])):
        for i in range(int32(cuda.threadIdx.x), count, int32(BLOCK[0])):
            v, u = uint32(j), uint32(i)
            a, b, c = tile[v, u], tile[v + uint32(1), u], tile[v + uint32(2), u]
            low, high = min(a, b), max(a, b)
            ranks[0, v, u] = min(low, c)
            ranks[1, v, u] = max(low, min(high, c))
            ranks[2, v, u] = max(high, c)
    cuda.syncthreads()
    x = int32(x0 + int32(cuda.threadIdx.x))
    for j in range(int32(cuda.threadIdx.y), int32(ROWS), int32(BLOCK[1])):
        y = int32(y0 + int32(j))
        if x < n and y < h:
            v, left = uint32(j), uint32(cuda.threadIdx.x)
            here = uint32(left + uint32(cn))
            right = uint32(here + uint32(cn))
            low = max(max(ranks[0, v, left], ranks[0, v, here]), ranks[0, v, right])
            high = min(min(ranks[2, v, left], ranks[2, v, here]), ranks[2, v, right])
            a, b, c = ranks[1, v, left], ranks[1, v, here], ranks[1, v, right]
            middle = max(min(a, b), min(max(a, b), c))
            dst[uint32(y), uint32(x)] = max(min(low, middle), min(max(low, middle), high))


@cuda.jit
def median_5(src, dst, cn):
    """The 5 x 5 median of a tile of 32 elements by ROWS rows."""
    tile = cuda.shared.array(TILE5, float32)
    ranks = cuda.shared.array(RANKS5, float32)
    h, n = int32(src.shape[0]), int32(src.shape[1])
    x0, y0 = int32(cuda.blockIdx.x * BLOCK[0]), int32(cuda.blockIdx.y * ROWS)
    count = load_tile(src, tile, x0, y0, int32(TILE5[0]), int32(2), cn)
    cuda.syncthreads()
    for j in range(int32(cuda.threadIdx.y), int32(ROWS), int32(BLOCK[1])):
        for i in range(int32(cuda.threadIdx.x), count, int32(BLOCK[0])):
            v, u = uint32(j), uint32(i)
            a, b, c = tile[v, u], tile[v + uint32(1), u], tile[v + uint32(2), u]
            a, b, c, d, e = sort5(a, b, c, tile[v + uint32(3), u], tile[v + uint32(4), u])
            ranks[0, v, u], ranks[1, v, u], ranks[2, v, u], ranks[3, v, u], ranks[4, v, u] = a, b, c, d, e
    cuda.syncthreads()
    x = int32(x0 + int32(cuda.threadIdx.x))
    for j in range(int32(cuda.threadIdx.y), int32(ROWS), int32(BLOCK[1])):
        y = int32(y0 + int32(j))
        if x < n and y < h:
            dst[uint32(y), uint32(x)] = median5(ranks, uint32(j), uint32(cuda.threadIdx.x), cn)


@cuda.jit
def median_merged(src, dst, cn, ksize):
    """Windows up to 9 x 9: columns sorted by insertion, then merged value by value until the median comes.

    How far a column has been taken stands in four bits of one word.
    """
    columns = cuda.shared.array(MERGED, float32)
    h, n = int32(src.shape[0]), int32(src.shape[1])
    x0, y0 = int32(cuda.blockIdx.x * BLOCK[0]), int32(cuda.blockIdx.y * BLOCK[1])
    radius = int32(ksize >> int32(1))
    margin = int32(radius * cn)
    count = int32(min(int32(BLOCK[0]), int32(n - x0)) + int32(2) * margin)
    j = uint32(cuda.threadIdx.y)
    for i in range(int32(cuda.threadIdx.x), count, int32(BLOCK[0])):
        u, e = uint32(i), uint32(inside(int32(x0 - margin + int32(i)), n, cn))
        for t in range(ksize):
            y = source_index(int32(y0 + int32(j) - radius + int32(t)), h, int32(REPLICATE))
            value = float32(src[uint32(y), e])
            p = int32(t)
            while p > int32(0) and columns[uint32(p - int32(1)), j, u] > value:
                columns[uint32(p), j, u] = columns[uint32(p - int32(1)), j, u]
                p = int32(p - int32(1))
            columns[uint32(p), j, u] = value
    cuda.syncthreads()
    x, y = int32(x0 + int32(cuda.threadIdx.x)), int32(y0 + int32(j))
    if x >= n or y >= h:
        return
    taken = uint64(0)
    least = float32(0)
    for _ in range(int32(int32(ksize * ksize >> int32(1)) + int32(1))):
        chosen = int32(-1)
        for c in range(ksize):
            p = uint32((taken >> uint64(uint32(c) << uint32(2))) & uint64(NIBBLE))
            if p < uint32(ksize):
                value = columns[p, j, uint32(int32(cuda.threadIdx.x) + int32(int32(c) * cn))]
                if chosen < int32(0) or value < least:
                    chosen, least = int32(c), value
        taken = uint64(taken + (uint64(1) << uint64(uint32(chosen) << uint32(2))))
    dst[uint32(y), uint32(x)] = least


@cuda.jit(device=True)
def bin_of(counts, word, shift, bins, rank):
    """The first of ``bins`` bins with which more than ``rank`` values are counted, and the number below it."""
    below = int32(0)
    at = uint32(word)
    for b in range(bins):
        count = int32(uint32(counts[at] >> shift) & uint32(0xFFFF))
        if int32(below + count) > rank:
            return int32(b), below
        below = int32(below + count)
        at = uint32(at + uint32(WORDS))
    return int32(bins - int32(1)), below


@cuda.jit
def median_histogram(src, dst, cn, ksize, rows):
    """Windows of uint8 from 3 x 3 to 255 x 255: a block goes down ``rows`` rows with the histograms of COLUMNS windows.

    From row to row k values leave a histogram and k come; PARTS threads share that work, by atomic additions of whole
    numbers. A count is at most 255 * 255 and 255 more on the way, which 16 bits hold.
    """
    fine = cuda.shared.array(FINE, uint32)
    coarse = cuda.shared.array(COARSE, uint32)
    h, n = int32(src.shape[0]), int32(src.shape[1])
    column, part = int32(cuda.threadIdx.x), int32(cuda.threadIdx.y)
    x = int32(int32(cuda.blockIdx.x * COLUMNS) + column)
    y0 = int32(cuda.blockIdx.y) * rows
    y1 = int32(min(int32(y0 + rows), h))
    radius = int32(ksize >> int32(1))
    active = column < int32(COLUMNS) and x < n
    upper = column >= int32(WORDS)
    word = uint32(column - int32(WORDS)) if upper else uint32(column)
    shift = uint32(16) if upper else uint32(0)
    one = uint32(0x10000) if upper else uint32(1)
    first = int32(uint32(x) % uint32(cn))
    last = int32(n - cn + first)
    for k in range(int32(part * int32(HISTOGRAM_BLOCK[0]) + column), int32(FINE), int32(THREADS)):
        fine[uint32(k)] = uint32(0)
    for k in range(int32(part * int32(HISTOGRAM_BLOCK[0]) + column), int32(COARSE), int32(THREADS)):
        coarse[uint32(k)] = uint32(0)
    cuda.syncthreads()
    if active:
        for j in range(part, ksize, int32(PARTS)):
            y = source_index(int32(y0 - radius + int32(j)), h, int32(REPLICATE))
            for i in range(ksize):
                e = int32(min(max(int32(x + int32(int32(i) - radius) * cn), first), last))
                value = uint32(src[uint32(y), uint32(e)])
                cuda.atomic.add(fine, uint32(value * uint32(WORDS) + word), one)
                cuda.atomic.add(coarse, uint32((value >> uint32(4)) * uint32(WORDS) + word), one)
    cuda.syncthreads()
    half = int32(int32(ksize * ksize) >> int32(1))
    for y in range(y0, y1):
        if active and part == int32(0):
            high, below = bin_of(coarse, word, shift, int32(16), half)
            inner = uint32(word + uint32(high) * uint32(16 * WORDS))
            low, below = bin_of(fine, inner, shift, int32(16), int32(half - below))
            dst[uint32(y), uint32(x)] = uint8(int32(high * int32(16)) + low)
        cuda.syncthreads()
        if active and int32(y) + int32(1) < y1:
            leaving = uint32(source_index(int32(int32(y) - radius), h, int32(REPLICATE)))
            coming = uint32(source_index(int32(int32(y) + int32(1) + radius), h, int32(REPLICATE)))
            for i in range(part, ksize, int32(PARTS)):
                e = uint32(min(max(int32(x + int32(int32(i) - radius) * cn), first), last))
                old, new = uint32(src[leaving, e]), uint32(src[coming, e])
                if old != new:
                    cuda.atomic.sub(fine, uint32(old * uint32(WORDS) + word), one)
                    cuda.atomic.add(fine, uint32(new * uint32(WORDS) + word), one)
                    old, new = uint32(old >> uint32(4)), uint32(new >> uint32(4))
                    if old != new:
                        cuda.atomic.sub(coarse, uint32(old * uint32(WORDS) + word), one)
                        cuda.atomic.add(coarse, uint32(new * uint32(WORDS) + word), one)
        cuda.syncthreads()


def median_blur(gpu, src, dst, cn, ksize):
    """Plan: one launch, by the size of the window; ksize is odd, and at most 9 unless the image is uint8."""
    h, n = src.shape
    channels, side = np.int32(cn), np.int32(ksize)
    if ksize in (3, 5):
        kernel = median_3 if ksize == 3 else median_5
        gpu.launch(kernel, (-(-n // BLOCK[0]), -(-h // ROWS)), BLOCK, (src, dst, channels))
    elif src.dtype == np.uint8 and ksize > 1:
        rows = max(SEGMENT, ksize)
        grid = -(-n // COLUMNS), -(-h // rows)
        gpu.launch(median_histogram, grid, HISTOGRAM_BLOCK, (src, dst, channels, side, np.int32(rows)))
    else:
        gpu.launch(median_merged, (-(-n // BLOCK[0]), -(-h // BLOCK[1])), BLOCK, (src, dst, channels, side))
