"""Box filters on the GPU, equal to the CPU in every bit.

Whole numbers are summed in int32, where sums wrap around and their order means nothing: small windows on tiles in
shared memory, rows first; larger ones by running sums (M. J. McDonnell, Box-filtering techniques, Computer Graphics and
Image Processing 17(1), 1981) along pieces of the rows and then down pieces of the columns, with the sums of the rows
between the two in device memory. Floats are summed in float64 in OpenCV's order, in the same two steps, whose pieces
are whole rows and whole columns then: a block works on 32 rows at a time, and a thread goes down each column.

Sizes: (w + kw) * cn and h + kh below 2**31, at most 2,097,120 rows (the grid's y limit of 65,535 blocks of 32).
"""

import numpy as np
from cvkit_math.borders import CONSTANT, REFLECT101, REPLICATE, WRAP
from cvkit_math.box import fixed_point_division, in_floats, sums_anew, vector_values
from numba import cuda, float32, float64, int16, int32, uint8, uint16, uint32

from cvkit_cuda.box_rounding import put
from cvkit_cuda.linear_values import fused, product, total

BLOCK = (32, 8)

# Of a block of the tile kernels: elements of its result, the longest side of a window, and what that makes of its
# source and of its row sums with four channels.
TILE_W, TILE_H = 64, 16
LONGEST_SIDE = 9
SOURCE = (TILE_H + LONGEST_SIDE - 1, TILE_W + 4 * (LONGEST_SIDE - 1))
SUMS = (TILE_H + LONGEST_SIDE - 1, TILE_W)

# Of a block of running sums along rows: its rows and how many elements of each it holds at a time; a column of padding
# keeps the threads that run along 32 rows at once on different banks.
ROWS, CHUNK = 32, 64
RUNNING = (ROWS, CHUNK + 1)
PIECE_W, PIECE_H = 256, 64  # pixels and rows, at the least, that a running sum of whole numbers goes on

SUM, SCALED, DIVIDED = 0, 1, 2  # what becomes of a sum of whole numbers


@cuda.jit(device=True)
def line(p, n, border):
    """Index of the row or pixel of n that stands for p, -1 for the constant 0.

    In one step, however far outside p is: a window can be many times as large as the image.
    """
    if p >= int32(0) and p < n:
        return p
    if border == int32(CONSTANT):
        return int32(-1)
    if border == int32(REPLICATE):
        return int32(0) if p < int32(0) else int32(n - int32(1))
    if n == int32(1):
        return int32(0)
    beyond = uint32(~p) if p < int32(0) else uint32(p)  # p and -1 - p are mirror images but for reflect101
    if border == int32(WRAP):
        rest = uint32(beyond % uint32(n))
        return int32(n - int32(1) - int32(rest)) if p < int32(0) else int32(rest)
    once = uint32(border == int32(REFLECT101))  # the pixel at the edge stands there once, not twice
    if p < int32(0):
        beyond = uint32(beyond + once)
    period = uint32(uint32(2) * uint32(uint32(n) - once))
    rest = uint32(beyond % period)
    return int32(rest) if rest < uint32(n) else int32(uint32(uint32(period - rest) - uint32(uint32(1) - once)))


@cuda.jit(device=True)
def element(p, i, n, cn, border):
    """Index in a row of n elements of the one that stands i elements behind the first of pixel p, -1 for a zero."""
    e = int32(int32(p * cn) + i)
    if e >= int32(0) and e < n:
        return e
    if border == int32(CONSTANT):
        return int32(-1)
    further = uint32(uint32(i) // uint32(cn))
    channel = int32(uint32(i) - uint32(further * uint32(cn)))
    w = int32(uint32(n) // uint32(cn))
    pixel = line(int32(p + int32(further)), w, border)
    return int32(int32(pixel * cn) + channel)


@cuda.jit(device=True)
def finish_int32(whole, x, dst, vectors, way, scale, half, multiplier):
    """What the result has at x of its row where the window's sum is ``whole``, an int32."""
    if way == int32(DIVIDED):
        mean = uint32(uint32(uint32(uint32(whole) + half) * multiplier) >> uint32(23))
        if x < vectors:
            return put(int32(min(mean, uint32(255))), True, dst)
        return put(int32(mean & uint32(255)), True, dst)
    if way == int32(SUM):
        return put(whole, x < vectors, dst)
    if x < vectors:
        return put(product(float32(whole), float32(scale)), True, dst)
    return put(product(float64(whole), float64(scale)), False, dst)


@cuda.jit(device=True)
def finish_float64(value, x, dst, vectors, way, scale, half, multiplier):
    """As finish_int32, of a sum in float64; the rest of the arguments but the scale means nothing for these."""
    return put(product(value, scale), False, dst)


def _tile_kernel(pixel):
    """The kernel for windows with sides up to LONGEST_SIDE of whole numbers that stay what they are."""

    def tile(src, dst, cn, kw, kh, ax, ay, border, vectors, way, scale, half, multiplier):
        """Windows of src (h, w*cn); a block makes TILE_W x TILE_H elements and reads each source once."""
        source = cuda.shared.array(SOURCE, pixel)
        sums = cuda.shared.array(SUMS, int32)
        h, n = int32(src.shape[0]), int32(src.shape[1])
        tx, ty = int32(cuda.threadIdx.x), int32(cuda.threadIdx.y)
        x0, y0 = int32(cuda.blockIdx.x * TILE_W), int32(cuda.blockIdx.y * TILE_H)
        first = int32(uint32(x0) // uint32(cn))
        shift = int32(x0 - int32(first * cn))
        first = int32(first - ax)
        rows, inner = int32(min(int32(TILE_H), int32(h - y0))), int32(min(int32(TILE_W), int32(n - x0)))
        columns, lines = int32(inner + int32(kw - int32(1)) * cn), int32(rows + kh - int32(1))
        for j in range(ty, lines, int32(BLOCK[1])):
            y = line(int32(y0 - ay + int32(j)), h, border)
            for i in range(tx, columns, int32(BLOCK[0])):
                e = element(first, int32(shift + int32(i)), n, cn, border)
                value = pixel(0)
                if y >= int32(0) and e >= int32(0):
                    value = src[uint32(y), uint32(e)]
                source[uint32(j), uint32(i)] = value
        cuda.syncthreads()
        for j in range(ty, lines, int32(BLOCK[1])):
            for i in range(tx, inner, int32(BLOCK[0])):
                s = int32(0)
                for k in range(kw):
                    s = int32(s + int32(source[uint32(j), uint32(int32(i) + int32(int32(k) * cn))]))
                sums[uint32(j), uint32(i)] = s
        cuda.syncthreads()
        for j in range(ty, rows, int32(BLOCK[1])):
            for i in range(tx, inner, int32(BLOCK[0])):
                s = int32(0)
                for k in range(kh):
                    s = int32(s + sums[uint32(int32(j) + int32(k)), uint32(i)])
                x, y = int32(x0 + int32(i)), int32(y0 + int32(j))
                dst[uint32(y), uint32(x)] = finish_int32(s, x, dst, vectors, way, scale, half, multiplier)

    tile.__name__ = tile.__qualname__ = f"tile_{pixel}"
    return cuda.jit(tile)


def _running_rows(kind):
    """The kernel that makes sums along rows from those before them, in int32 or in float64."""

    def rows(src, sums, cn, kw, ax, border, piece, square):
        """Sums of kw pixels or of their squares, for ``piece`` pixels of each of ROWS rows a block.

        A row is one sequence: the pixels of the first window, then for each further window what comes less what goes;
        its running sums behind the first window are the result. All threads make a chunk of the sequence, one for each
        row and channel adds it up.
        """
        chunk = cuda.shared.array(RUNNING, kind)
        h, n = int32(src.shape[0]), int32(src.shape[1])
        tx, ty = int32(cuda.threadIdx.x), int32(cuda.threadIdx.y)
        x0, y0 = int32(int32(cuda.blockIdx.x) * piece), int32(cuda.blockIdx.y * ROWS)
        w, pixels = int32(uint32(n) // uint32(cn)), int32(uint32(CHUNK) // uint32(cn))
        count = int32(min(int32(ROWS), int32(h - y0)))
        length = int32(int32(min(piece, int32(w - x0))) + kw - int32(1))
        s = kind(0)
        for p in range(int32(0), length, pixels):
            done = int32(int32(p) - kw)
            values = int32(int32(min(pixels, int32(length - int32(p)))) * cn)
            for j in range(ty, count, int32(BLOCK[1])):
                y = uint32(y0 + int32(j))
                for i in range(tx, values, int32(BLOCK[0])):
                    come = element(int32(x0 - ax + int32(p)), int32(i), n, cn, border)
                    new, old = kind(0), kind(0)
                    if come >= int32(0):
                        new = kind(src[y, uint32(come)])
                    if int32(int32(done * cn) + int32(i)) >= int32(0):
                        go = element(int32(x0 - ax + done), int32(i), n, cn, border)
                        if go >= int32(0):
                            old = kind(src[y, uint32(go)])
                    if square != int32(0):
                        chunk[uint32(j), uint32(i)] = fused(new, new, kind(-product(old, old)))
                    else:
                        chunk[uint32(j), uint32(i)] = kind(new - old)
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
                    x = int32(int32(int32(done + int32(1)) * cn) + int32(i))
                    if x >= int32(0):
                        sums[uint32(y0 + int32(j)), uint32(int32(x0 * cn) + x)] = chunk[uint32(j), uint32(i)]
            cuda.syncthreads()

    rows.__name__ = rows.__qualname__ = f"running_rows_{kind}"
    return cuda.jit(rows)


@cuda.jit
def rows_anew(src, sums, cn, kw, ax, border):
    """Sums of kw <= 5 floats from left to right, in float64; one thread an element."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, n = int32(src.shape[0]), int32(src.shape[1])
    if x >= n or y >= h:
        return
    p = int32(uint32(x) // uint32(cn))
    c = int32(x - int32(p * cn))
    s = float64(0)
    for k in range(kw):
        e = element(int32(p - ax + int32(k)), c, n, cn, border)
        value = float64(0)
        if e >= int32(0):
            value = float64(src[uint32(y), uint32(e)])
        s = float64(s + value)
    sums[uint32(y), uint32(x)] = s


@cuda.jit(device=True)
def at(sums, y, x, border, zero):
    """The sum along row y, which may lie outside."""
    inside = line(y, int32(sums.shape[0]), border)
    if inside < int32(0):
        return zero
    return sums[uint32(inside), uint32(x)]


def _running_columns(kind):
    """The kernel that makes windows from the sums along rows; ``finished`` makes the result."""
    finished = finish_int32 if kind == int32 else finish_float64

    def columns(sums, dst, kh, ay, border, piece, vectors, way, scale, half, multiplier):
        """Windows of kh row sums; a thread goes down ``piece`` rows of an element, and reads four rows ahead, as what
        it waits for is memory.
        """
        x = int32(cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
        first = int32(int32(cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.y) * piece)
        h, n = int32(dst.shape[0]), int32(dst.shape[1])
        if x >= n or first >= h:
            return
        zero = kind(0)
        s = zero
        top = int32(first - ay)
        length = int32(int32(min(piece, int32(h - first))) + kh - int32(1))
        a, b = at(sums, top, x, border, zero), at(sums, int32(top + int32(1)), x, border, zero)
        c, d = at(sums, int32(top + int32(2)), x, border, zero), at(sums, int32(top + int32(3)), x, border, zero)
        end = int32(top + int32(1) - kh)
        e, f = at(sums, end, x, border, zero), at(sums, int32(end + int32(1)), x, border, zero)
        g, o = at(sums, int32(end + int32(2)), x, border, zero), at(sums, int32(end + int32(3)), x, border, zero)
        for t in range(length):
            s = total(s, a)
            a, b, c, d = b, c, d, at(sums, int32(top + int32(t) + int32(4)), x, border, zero)
            done = int32(int32(t) - kh + int32(1))
            if done >= int32(0):
                dst[uint32(first + done), uint32(x)] = finished(s, x, dst, vectors, way, scale, half, multiplier)
                s = total(s, kind(-e))
            e, f, g, o = f, g, o, at(sums, int32(end + int32(t) + int32(4)), x, border, zero)

    columns.__name__ = columns.__qualname__ = f"running_columns_{kind}"
    return cuda.jit(columns)


tile_uint8, tile_uint16, tile_int16, tile_int32 = map(_tile_kernel, (uint8, uint16, int16, int32))
TILES = {"uint8": tile_uint8, "uint16": tile_uint16, "int16": tile_int16, "int32": tile_int32}
running_rows_int32, running_rows_float64 = _running_rows(int32), _running_rows(float64)
running_columns_int32, running_columns_float64 = _running_columns(int32), _running_columns(float64)


def blur(gpu, src, dst, cn, ksize, anchor, border):
    """Plan: the mean of each window."""
    box_filter(gpu, src, dst, cn, ksize, anchor, border, True)


def box_filter(gpu, src, dst, cn, ksize, anchor, border, normalize):
    """Plan: the mean or the sum of each window."""
    (kw, kh), (ax, ay), (h, n) = ksize, anchor, src.shape
    normalize = normalize and kw * kh > 1
    if in_floats(src.dtype, kw * kh, normalize):
        anew = src.dtype.kind == "f" and sums_anew(src.dtype, dst.dtype, kw, kh)
        _floats(gpu, src, dst, cn, ksize, anchor, border, normalize, anew, False)
        return
    divided = normalize and kw * kh <= 256 and src.dtype == dst.dtype == np.uint8
    finishing = _finishing(dst, kw * kh, DIVIDED if divided else SCALED if normalize else SUM)
    if src.dtype == dst.dtype and max(kw, kh) <= LONGEST_SIDE:
        grid = (-(-n // TILE_W), -(-h // TILE_H))
        sizes = map(np.int32, (cn, kw, kh, ax, ay, border))
        gpu.launch(TILES[src.dtype.name], grid, BLOCK, (src, dst, *sizes, *finishing))
    else:
        _whole_numbers(gpu, src, dst, cn, ksize, anchor, border, finishing, False)


def sqr_box_filter(gpu, src, dst, cn, ksize, anchor, border, normalize):
    """Plan: as box_filter, of the squares."""
    normalize = normalize and ksize[0] * ksize[1] > 1
    if src.dtype == np.uint8:
        finishing = _finishing(dst, ksize[0] * ksize[1], SCALED if normalize else SUM)
        _whole_numbers(gpu, src, dst, cn, ksize, anchor, border, finishing, True)
    else:
        _floats(gpu, src, dst, cn, ksize, anchor, border, normalize, False, True)


def _finishing(dst, area, way):
    """The arguments from ``vectors`` on, of kernels that finish sums in int32."""
    half, multiplier = fixed_point_division(area) if way == DIVIDED else (0, 0)
    vectors = vector_values(dst.shape[1], dst.dtype, way == DIVIDED)
    return np.int32(vectors), np.int32(way), np.float64(1.0 / area), np.uint32(half), np.uint32(multiplier)


def _whole_numbers(gpu, src, dst, cn, ksize, anchor, border, finishing, square):
    """Two launches: pieces of rows, then pieces of columns."""
    (kw, kh), (ax, ay), (h, n) = ksize, anchor, src.shape
    piece_w, piece_h = max(PIECE_W, kw), max(PIECE_H, kh)
    sums = gpu.empty((h, n), np.int32)
    sizes = map(np.int32, (cn, kw, ax, border, piece_w, square))
    gpu.launch(running_rows_int32, (-(-n // cn // piece_w), -(-h // ROWS)), BLOCK, (src, sums, *sizes))
    grid = (-(-n // BLOCK[0]), -(-h // (BLOCK[1] * piece_h)))
    sizes = map(np.int32, (kh, ay, border, piece_h))
    gpu.launch(running_columns_int32, grid, BLOCK, (sums, dst, *sizes, *finishing))


def _floats(gpu, src, dst, cn, ksize, anchor, border, normalize, anew, square):
    """Two launches: rows, each anew or in one piece, then whole columns."""
    (kw, kh), (ax, ay), (h, n) = ksize, anchor, src.shape
    sums = gpu.empty((h, n), np.float64)
    if anew:
        sizes = map(np.int32, (cn, kw, ax, border))
        gpu.launch(rows_anew, (-(-n // BLOCK[0]), -(-h // BLOCK[1])), BLOCK, (src, sums, *sizes))
    else:
        sizes = map(np.int32, (cn, kw, ax, border, n // cn, square))
        gpu.launch(running_rows_float64, (1, -(-h // ROWS)), BLOCK, (src, sums, *sizes))
    scale = 1.0 / (kw * kh) if normalize else 1.0
    finishing = (np.int32(0), np.int32(SCALED), np.float64(scale), np.uint32(0), np.uint32(0))
    sizes = map(np.int32, (kh, ay, border, h))
    gpu.launch(running_columns_float64, (-(-n // BLOCK[0]), 1), (BLOCK[0], 1), (sums, dst, *sizes, *finishing))
