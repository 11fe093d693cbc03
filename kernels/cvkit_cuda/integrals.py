"""Integral images on the GPU, equal to the CPU in every bit: every sum is made in the same order.

First the sums along the rows, 32 rows a block, then those down the columns, a thread a column. Tilted sums go down the
image's diagonals, a thread each: down to the left the sums of a diagonal's own pixels, and from these, down to the
right, the sums over triangles (R. Lienhart and J. Maydt, An extended set of Haar-like features for rapid object
detection, ICIP 2002).

Sizes: (w + 1) * cn and (w + h) * cn below 2**31, at most 2,097,120 rows (the grid's y limit of 65,535 blocks of 32).
"""

import numpy as np
from cvkit_math.integrals import vector_fronts
from numba import cuda, float32, float64, int32, uint32

from cvkit_cuda.linear_values import product, total

BLOCK = (32, 8)
LINE = (32, 1)  # of threads that each do many steps one after the other: small blocks spread over the processor

# Rows of a block along them, and how many elements of each it holds at a time; a column of padding keeps the threads
# that run along 32 rows at once on different banks.
ROWS, CHUNK = 32, 64
RUNNING = (ROWS, CHUNK + 1)


def _row_sums(kind):
    """The kernel for sums in one type."""

    def rows(src, dst, cn, square):
        """Sums along ROWS rows of src a block, into the rows below those of dst; the first row of dst becomes 0."""
        chunk = cuda.shared.array(RUNNING, kind)
        h, n = int32(src.shape[0]), int32(src.shape[1])
        tx, ty = int32(cuda.threadIdx.x), int32(cuda.threadIdx.y)
        y0 = int32(cuda.blockIdx.x * ROWS)
        count = int32(min(int32(ROWS), int32(h - y0)))
        step = int32(int32(uint32(CHUNK) // uint32(cn)) * cn)
        s = kind(0)
        for x0 in range(int32(0), n, step):
            values = int32(min(step, int32(n - int32(x0))))
            for j in range(ty, count, int32(BLOCK[1])):
                for i in range(tx, values, int32(BLOCK[0])):
                    value = kind(src[uint32(y0 + int32(j)), uint32(int32(x0) + int32(i))])
                    if square != int32(0):
                        value = product(value, value)
                    chunk[uint32(j), uint32(i)] = value
            cuda.syncthreads()
            if ty < cn and tx < count:
                ahead = chunk[uint32(tx), uint32(ty)]
                for i in range(ty, values, cn):
                    s = total(s, ahead)
                    if int32(int32(i) + cn) < values:
                        ahead = chunk[uint32(tx), uint32(int32(i) + cn)]
                    chunk[uint32(tx), uint32(i)] = s
            cuda.syncthreads()
            for j in range(ty, count, int32(BLOCK[1])):
                for i in range(tx, values, int32(BLOCK[0])):
                    x = uint32(int32(x0) + int32(i) + cn)
                    dst[uint32(y0 + int32(j) + int32(1)), x] = chunk[uint32(j), uint32(i)]
                    if y0 == int32(0) and int32(j) == int32(0):
                        dst[0, x] = kind(0)
            cuda.syncthreads()
        if ty < cn and tx < count:
            dst[uint32(y0 + tx + int32(1)), uint32(ty)] = kind(0)
            if y0 == int32(0) and tx == int32(0):
                dst[0, uint32(ty)] = kind(0)

    rows.__name__ = rows.__qualname__ = f"row_sums_{kind}"
    return cuda.jit(rows)


row_sums_int32, row_sums_float32, row_sums_float64 = map(_row_sums, (int32, float32, float64))
ROW_SUMS = {"int32": row_sums_int32, "float32": row_sums_float32, "float64": row_sums_float64}


@cuda.jit
def column_sums(dst, begin):
    """Sums down the columns of sums along rows, from element ``begin`` on; a thread a column, reading four rows ahead,
    as what it waits for is memory.
    """
    x = int32(int32(cuda.blockIdx.x * LINE[0] + cuda.threadIdx.x) + begin)
    h, n = int32(dst.shape[0]), int32(dst.shape[1])
    if x >= n:
        return
    column, last = uint32(x), int32(h - int32(1))
    s = dst[0, column]
    a, b = dst[uint32(min(int32(1), last)), column], dst[uint32(min(int32(2), last)), column]
    c, d = dst[uint32(min(int32(3), last)), column], dst[uint32(min(int32(4), last)), column]
    for y in range(int32(1), h):
        s = total(a, s)
        dst[uint32(y), column] = s
        a, b, c, d = b, c, d, dst[uint32(min(int32(int32(y) + int32(4)), last)), column]


@cuda.jit
def resume_rows(src, dst, cn, front, y0):
    """Sums along rows of src from y0 on, from pixel ``front`` to the right end, in float32: as OpenCV goes on where its
    vectors end, from the difference of two rounded sums. A thread a row and channel.
    """
    k = uint32(cuda.blockIdx.x * LINE[0] + cuda.threadIdx.x)
    h, n = int32(src.shape[0]), int32(src.shape[1])
    further = uint32(k // uint32(cn))
    c = int32(k - uint32(further * uint32(cn)))
    y = int32(y0 + int32(further))
    if y >= h:
        return
    start, below = int32(int32(front * cn) + c), uint32(y + int32(1))
    s = float32(dst[below, uint32(start)] - dst[uint32(y), uint32(start)])
    for x in range(start, n, cn):
        s = total(s, float32(src[uint32(y), uint32(x)]))
        dst[below, uint32(int32(x) + cn)] = s


@cuda.jit
def add_last_row(dst, begin):
    """The last row becomes sums of the image, from element ``begin`` on."""
    x = int32(int32(cuda.blockIdx.x * LINE[0] + cuda.threadIdx.x) + begin)
    if x < int32(dst.shape[1]):
        last = int32(int32(dst.shape[0]) - int32(1))
        above = dst[uint32(last - int32(1)), uint32(x)]
        dst[uint32(last), uint32(x)] = total(dst[uint32(last), uint32(x)], above)


def _diagonal_sums(kind):
    """The kernel for sums in one type."""

    def diagonals(src, sums, edge, cn):
        """At each pixel the sum of it and all those up and to the right of it, and in ``edge`` the first pixel of each
        row; a thread a diagonal, of those that begin in the first row and then of those on the right.
        """
        k = int32(cuda.blockIdx.x * LINE[0] + cuda.threadIdx.x)
        h, n = int32(src.shape[0]), int32(src.shape[1])
        if k >= int32(n + int32(int32(h - int32(1)) * cn)):
            return
        x, y = k, int32(0)
        if x >= n:
            y = int32(int32(uint32(x - n) // uint32(cn)) + int32(1))
            x = int32(x - int32(y * cn))
        s = kind(0)
        while x >= int32(0) and y < h:
            value = kind(src[uint32(y), uint32(x)])
            s = total(s, value)
            sums[uint32(y), uint32(x)] = s
            if x < cn:
                edge[uint32(y), uint32(x)] = value
            x, y = int32(x - cn), int32(y + int32(1))

    diagonals.__name__ = diagonals.__qualname__ = f"diagonal_sums_{kind}"
    return cuda.jit(diagonals)


diagonal_sums_int32, diagonal_sums_float32, diagonal_sums_float64 = map(_diagonal_sums, (int32, float32, float64))
DIAGONAL_SUMS = {"int32": diagonal_sums_int32, "float32": diagonal_sums_float32, "float64": diagonal_sums_float64}


@cuda.jit
def tilted_edge(sums, edge, dst, cn):
    """The two left columns of tilted sums, from the top down; a thread a channel."""
    c = int32(cuda.blockIdx.x * LINE[0] + cuda.threadIdx.x)
    h, n = int32(sums.shape[0]), int32(sums.shape[1])
    if c >= cn:
        return
    here, right = uint32(c), uint32(c + cn)
    s = edge[0, here]
    dst[1, here] = 0
    dst[1, right] = s
    for y in range(int32(1), h):
        dst[uint32(int32(y) + int32(1)), here] = s
        s = total(s, edge[uint32(y), here])
        if cn < n:
            s = total(s, sums[uint32(int32(y) - int32(1)), right])
        dst[uint32(int32(y) + int32(1)), right] = s


@cuda.jit
def tilted_sums(sums, dst, cn):
    """Sums over triangles from sums down diagonals and those of the edge; a thread goes down to the right, from the
    first row or from the left edge.
    """
    k = int32(cuda.blockIdx.x * LINE[0] + cuda.threadIdx.x)
    h, n = int32(sums.shape[0]), int32(sums.shape[1])
    if k >= int32(n + int32(int32(h - int32(1)) * cn)):
        return
    x, y = k, int32(0)
    if x < n:
        s = sums[0, uint32(x)]
        dst[0, uint32(x + cn)] = 0
        if x < cn:
            dst[0, uint32(x)] = 0
        else:
            dst[1, uint32(x + cn)] = s
    else:
        y = int32(int32(uint32(k - n) // uint32(cn)) + int32(1))
        x = int32(k - n - int32(int32(y - int32(1)) * cn))
        s = dst[uint32(y + int32(1)), uint32(x + cn)]
    x, y = int32(x + cn), int32(y + int32(1))
    while x < n and y < h:
        above, here = sums[uint32(y - int32(1)), uint32(x)], sums[uint32(y), uint32(x)]
        s = total(above, total(here, s)) if x < int32(n - cn) else total(total(here, above), s)
        dst[uint32(y + int32(1)), uint32(x + cn)] = s
        x, y = int32(x + cn), int32(y + int32(1))


def integral(gpu, src, dst, cn):
    """Plan: the integral image; dst has a row and a column of pixels more than src."""
    _integral(gpu, src, dst, cn, False)
    if src.dtype != np.uint8 or dst.dtype != np.float32:
        return
    w, channels = src.shape[1] // cn, np.int32(cn)
    front, last_front = vector_fronts(w, cn)
    h = src.shape[0]
    if front < w:
        _launch(gpu, resume_rows, h * cn, (src, dst, channels, np.int32(front), np.int32(0)))
        _launch(gpu, column_sums, (w - front) * cn, (dst, np.int32((front + 1) * cn)))
    if last_front < front:
        _launch(gpu, resume_rows, cn, (src, dst, channels, np.int32(last_front), np.int32(h - 1)))
        _launch(gpu, add_last_row, (w - last_front) * cn, (dst, np.int32((last_front + 1) * cn)))


def integral2(gpu, src, dst, squares, cn):
    """Plan: the integral image, and that of the squares."""
    _integral(gpu, src, dst, cn, False)
    _integral(gpu, src, squares, cn, True)


def integral3(gpu, src, dst, squares, tilted, cn):
    """Plan: as integral2, and sums over the triangle above each place."""
    integral2(gpu, src, dst, squares, cn)
    (h, n), channels = src.shape, np.int32(cn)
    sums, edge = gpu.empty((h, n), tilted.dtype), gpu.empty((h, cn), tilted.dtype)
    diagonals = n + (h - 1) * cn
    _launch(gpu, DIAGONAL_SUMS[tilted.dtype.name], diagonals, (src, sums, edge, channels))
    _launch(gpu, tilted_edge, cn, (sums, edge, tilted, channels))
    _launch(gpu, tilted_sums, diagonals, (sums, tilted, channels))


def _integral(gpu, src, dst, cn, square):
    """Two launches: sums along the rows, then down the columns."""
    h, n = src.shape
    rows = ROW_SUMS[dst.dtype.name]
    gpu.launch(rows, (-(-h // ROWS),), BLOCK, (src, dst, np.int32(cn), np.int32(square)))
    _launch(gpu, column_sums, n + cn, (dst, np.int32(0)))


def _launch(gpu, kernel, threads, args):
    """Launch a kernel of that many threads, one row of them a block."""
    gpu.launch(kernel, (-(-threads // LINE[0]),), LINE, args)
