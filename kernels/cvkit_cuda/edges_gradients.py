"""Sobel derivatives of uint8 images on the GPU: device functions that other kernels build on.

A tile is a 2-D uint8 array in shared memory that holds image rows with interleaved channels, so that the neighbour of
the element in column i is in column i +- cn. A weight row is the binomial one, [1 2 1], [1 4 6 4 1] or
[1 6 15 20 15 6 1], for smoothing and [-1 0 1], [-1 -2 0 2 1] or [-1 -4 -5 0 5 4 1] for the derivative.
"""

from cvkit_math.borders import REPLICATE, source_index
from numba import cuda, int32, uint32

BLOCK = (32, 8)


@cuda.jit(device=True)
def load_rows(src, tile, x0, y0, columns, rows, radius, cn):
    """Fill tile from pixel (x0, y0) of src (h, w*cn) on: `rows` rows of `columns` pixels; the border is replicated.

    The threads of a BLOCK share the work; the caller puts a barrier behind it. Columns more than `radius` pixels
    beyond the right edge are left alone: no window centred inside the image reaches them.
    """
    h, elements = int32(src.shape[0]), int32(src.shape[1])
    first = int32(x0 * cn)
    count = int32(min(int32(columns * cn), int32(elements + int32(radius * cn) - first)))
    # Warps start on 32-byte sectors of src's first row, and of every row where its length is a multiple of 32.
    lead = int32(first & int32(31))
    for j in range(int32(cuda.threadIdx.y), rows, int32(BLOCK[1])):
        y = source_index(int32(y0 + int32(j)), h, int32(REPLICATE))
        for i in range(int32(int32(cuda.threadIdx.x) - lead), count, int32(BLOCK[0])):
            if i < int32(0):
                continue
            e = int32(first + int32(i))
            # Whole pixels are stepped over, at most `radius` of them, so the channel stays without a division.
            while e < int32(0):
                e = int32(e + cn)
            while e >= elements:
                e = int32(e - cn)
            tile[uint32(j), uint32(i)] = src[uint32(y), uint32(e)]


@cuda.jit(device=True)
def at(tile, j, i):
    """Element (j, i) as int32."""
    return int32(tile[uint32(j), uint32(i)])


@cuda.jit(device=True)
def row3(tile, j, i, cn):
    """Smoothed value and derivative along row j at column i, over three pixels."""
    a, b, c = at(tile, j, i - cn), at(tile, j, i), at(tile, j, i + cn)
    return int32(a + int32(2) * b + c), int32(c - a)


@cuda.jit(device=True)
def row5(tile, j, i, cn):
    """As row3, over five pixels."""
    two = int32(cn + cn)
    a, b, c = at(tile, j, i - two), at(tile, j, i - cn), at(tile, j, i)
    d, e = at(tile, j, i + cn), at(tile, j, i + two)
    return int32(a + e + int32(4) * int32(b + d) + int32(6) * c), int32(e - a + int32(2) * int32(d - b))


@cuda.jit(device=True)
def row7(tile, j, i, cn):
    """As row3, over seven pixels."""
    two, three = int32(cn + cn), int32(cn + cn + cn)
    a, b, c = at(tile, j, i - three), at(tile, j, i - two), at(tile, j, i - cn)
    d = at(tile, j, i)
    e, f, g = at(tile, j, i + cn), at(tile, j, i + two), at(tile, j, i + three)
    smooth = int32(a + g + int32(6) * int32(b + f) + int32(15) * int32(c + e) + int32(20) * d)
    return smooth, int32(g - a + int32(4) * int32(f - b) + int32(5) * int32(e - c))


@cuda.jit(device=True)
def sobel3(tile, j, i, cn):
    """(dx, dy) of the 3x3 Sobel operator at element (j, i); |result| <= 4 * 255."""
    s0, d0 = row3(tile, int32(j - int32(1)), i, cn)
    _, d1 = row3(tile, j, i, cn)
    s2, d2 = row3(tile, int32(j + int32(1)), i, cn)
    return int32(d0 + int32(2) * d1 + d2), int32(s2 - s0)


@cuda.jit(device=True)
def sobel5(tile, j, i, cn):
    """(dx, dy) of the 5x5 Sobel operator; |result| <= 3 * 16 * 255 = 12240."""
    s0, d0 = row5(tile, int32(j - int32(2)), i, cn)
    s1, d1 = row5(tile, int32(j - int32(1)), i, cn)
    _, d2 = row5(tile, j, i, cn)
    s3, d3 = row5(tile, int32(j + int32(1)), i, cn)
    s4, d4 = row5(tile, int32(j + int32(2)), i, cn)
    dx = int32(d0 + d4 + int32(4) * int32(d1 + d3) + int32(6) * d2)
    return dx, int32(s4 - s0 + int32(2) * int32(s3 - s1))


@cuda.jit(device=True)
def sixteenth(v):
    """v / 16 rounded to nearest, halves to even, by shifts that floor."""
    odd = int32(int32(v >> int32(4)) & int32(1))
    return int32(int32(v + int32(7) + odd) >> int32(4))


@cuda.jit(device=True)
def sobel7(tile, j, i, cn):
    """(dx, dy) of the 7x7 Sobel operator over 16, halves to even; the sums reach 10 * 64 * 255, the results 10200."""
    s0, d0 = row7(tile, int32(j - int32(3)), i, cn)
    s1, d1 = row7(tile, int32(j - int32(2)), i, cn)
    s2, d2 = row7(tile, int32(j - int32(1)), i, cn)
    _, d3 = row7(tile, j, i, cn)
    s4, d4 = row7(tile, int32(j + int32(1)), i, cn)
    s5, d5 = row7(tile, int32(j + int32(2)), i, cn)
    s6, d6 = row7(tile, int32(j + int32(3)), i, cn)
    dx = int32(d0 + d6 + int32(6) * int32(d1 + d5) + int32(15) * int32(d2 + d4) + int32(20) * d3)
    dy = int32(s6 - s0 + int32(4) * int32(s5 - s1) + int32(5) * int32(s4 - s2))
    return sixteenth(dx), sixteenth(dy)
