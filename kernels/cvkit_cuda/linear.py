"""Linear filters on the GPU, equal to the CPU in every bit: the order of each sum and each rounding are the same.

A separable filter is two launches with the filtered rows between them in device memory. Another kernel is one launch:
on tiles in shared memory while its window is small, straight from the image where it is not. One thread makes one
element of a row of w * cn values in each step, so that loads of neighbouring threads are neighbours. Sizes: w * cn
below 2**31 - 2**16 and at most 524,280 rows (65,535 blocks of 8).
"""

import numpy as np
from cvkit_math.borders import CONSTANT, source_index
from cvkit_math.linear import FIXED_REST, SMOOTH_COLUMN, WHOLE, planar, separable, split
from numba import cuda, float32, float64, int16, int32, uint8, uint32

from cvkit_cuda.linear_values import fused, pixel, product, total

BLOCK = (32, 8)

# Elements of the result that a block makes from a tile, and how far beyond them the tile reaches.
TILE_W, TILE_H = 64, 8
REACH_W, REACH_H = 48, 8
PITCH = TILE_W + REACH_W + 1
TILE = PITCH * (TILE_H + REACH_H)


@cuda.jit(device=True)
def element(n, e, reach, cn, border):
    """Index of the element that stands for e, at most ``reach`` pixels outside a row of n elements; -1 for 0."""
    if e >= int32(0) and e < n:
        return e
    if border == int32(CONSTANT):
        return int32(-1)
    shifted = uint32(e + int32(reach * cn))
    place = uint32(shifted // uint32(cn))
    channel = int32(shifted - uint32(place * uint32(cn)))
    w = int32(uint32(n) // uint32(cn))
    return int32(int32(source_index(int32(int32(place) - reach), w, border) * cn) + channel)


@cuda.jit(device=True)
def line(h, y, border):
    """Index of the row that stands for row y, or -1 for a row of zeros."""
    if y >= int32(0) and y < h:
        return y
    if border == int32(CONSTANT):
        return int32(-1)
    return int32(source_index(y, h, border))


def _row_kernel(number, name):
    """The general row kernel with sums in one type."""

    def row_sums(src, dst, taps, before, cn, border, v, plain):
        """One thread an element: fused below element v, else with ``plain`` taps in two roundings behind the first."""
        x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
        y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
        h, n = int32(dst.shape[0]), int32(dst.shape[1])
        if x >= n or y >= h:
            return
        count = int32(taps.shape[0])
        s = number(0)
        for j in range(int32(0), count):
            e = element(n, int32(x + int32(int32(int32(j) - before) * cn)), count, cn, border)
            p = number(0)
            if e >= int32(0):
                p = number(src[uint32(y), uint32(e)])
            k = taps[uint32(j)]
            if int32(j) == int32(0):
                s = product(k, p)
            elif x < v or int32(j) > plain:
                s = fused(k, p, s)
            else:
                s = total(s, product(k, p))
        dst[uint32(y), uint32(x)] = s

    row_sums.__name__ = row_sums.__qualname__ = name
    return cuda.jit(row_sums)


row_sums_f32 = _row_kernel(float32, "row_sums_f32")
row_sums_f64 = _row_kernel(float64, "row_sums_f64")
row_sums_i32 = _row_kernel(int32, "row_sums_i32")
ROW_SUMS = {"float32": row_sums_f32, "float64": row_sums_f64, "int32": row_sums_i32}


@cuda.jit(device=True)
def neighbour(src, y, x, step, cn, border):
    """src[y] at ``step`` pixels beside element x, 0 where a border of zeros lies."""
    e = element(int32(src.shape[1]), int32(x + int32(step * cn)), int32(2), cn, border)
    if e < int32(0):
        return float32(0)
    return src[uint32(y), uint32(e)]


@cuda.jit
def row_mirrored_f32(src, dst, taps, sign, cn, border, v, special):
    """Three or five taps that are their own mirror image up to the sign, in pairs; see the CPU's kernel of this name.

    From v on the elements are taken by two, and a last one is left over where the row is odd.
    """
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, n = int32(dst.shape[0]), int32(dst.shape[1])
    if x >= n or y >= h:
        return
    half = int32(int32(taps.shape[0]) >> int32(1))
    last = x == int32(n - int32(1)) and int32(n & int32(1)) != int32(0) and x >= v
    k0, k1 = taps[uint32(half)], taps[uint32(half + int32(1))]
    c = src[uint32(y), uint32(x)]
    left, right = neighbour(src, y, x, int32(-1), cn, border), neighbour(src, y, x, int32(1), cn, border)
    near = fused(sign, left, right)
    if half == int32(1):
        if last:
            s = fused(k1, near, product(k0, c))
        elif x >= v and special != int32(0):
            s = total(fused(c, k0, left), right)
        else:
            s = fused(c, k0, product(near, k1))
        dst[uint32(y), uint32(x)] = s
        return
    k2 = taps[uint32(4)]
    left, right = neighbour(src, y, x, int32(-2), cn, border), neighbour(src, y, x, int32(2), cn, border)
    far = fused(sign, left, right)
    if last:
        s = total(total(product(k0, c), product(k1, near)), product(k2, far))
    elif x >= v and special != int32(0):
        s = total(fused(c, k0, left), right)
    elif x >= v and sign < float32(0):
        s = fused(near, k1, product(far, k2))
    else:
        s = fused(far, k2, fused(c, k0, product(near, k1)))
    dst[uint32(y), uint32(x)] = s


def _column_functions(number):
    """An element of the filtered rows, and the sum down a column, in one type."""

    @cuda.jit(device=True)
    def at(rows, y, x, border):
        """Element x of row y of the filtered rows, 0 where a border of zeros lies."""
        r = line(int32(rows.shape[0]), y, border)
        if r < int32(0):
            return number(0)
        return rows[uint32(r), uint32(x)]

    @cuda.jit(device=True)
    def column_sum(rows, y, x, taps, border, fusing, mirrored):
        """The sum down the column whose uppermost tap lies in row y.

        taps: behind them stand delta and the sign with which the upper row of a pair counts in a mirrored kernel.
        """
        count = int32(int32(taps.shape[0]) - int32(2))
        delta, sign = taps[uint32(count)], taps[uint32(count + int32(1))]
        if mirrored == int32(0):
            s = fused(taps[uint32(0)], at(rows, y, x, border), delta)
            for j in range(int32(1), count):
                p, k = at(rows, int32(y + int32(j)), x, border), taps[uint32(j)]
                s = fused(k, p, s) if fusing else total(s, product(k, p))
            return s
        half = int32(count >> int32(1))
        middle = int32(y + half)
        s = fused(taps[uint32(half)], at(rows, middle, x, border), delta)
        for j in range(int32(1), int32(half + int32(1))):
            upper = at(rows, int32(middle - int32(j)), x, border)
            pair = fused(sign, upper, at(rows, int32(middle + int32(j)), x, border))
            k = taps[uint32(int32(half + int32(j)))]
            s = fused(pair, k, s) if fusing else total(s, product(k, pair))
        return s

    return at, column_sum


at_f32, column_sum_f32 = _column_functions(float32)
at_f64, column_sum_f64 = _column_functions(float64)
at_i32, column_sum_i32 = _column_functions(int32)


def _column_kernel(column_sum, name):
    """The column kernel with sums in one type."""

    def column_sums(rows, dst, taps, above, border, v, mirrored):
        """One thread an element: delta and the taps, fused below element v, then to the type of the result."""
        x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
        y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
        h, n = int32(dst.shape[0]), int32(dst.shape[1])
        if x >= n or y >= h:
            return
        s = column_sum(rows, int32(y - above), x, taps, border, x < v, mirrored)
        dst[uint32(y), uint32(x)] = pixel(s, dst)

    column_sums.__name__ = column_sums.__qualname__ = name
    return cuda.jit(column_sums)


column_sums_f32 = _column_kernel(column_sum_f32, "column_sums_f32")
column_sums_f64 = _column_kernel(column_sum_f64, "column_sums_f64")
COLUMN_SUMS = {"float32": column_sums_f32, "float64": column_sums_f64}


@cuda.jit
def column3_f32(rows, dst, taps, border, v, smooth):
    """Three mirrored rows into float32, one thread an element; smooth: the taps are [1 2 1] or [1 -2 1]."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, n = int32(dst.shape[0]), int32(dst.shape[1])
    if x >= n or y >= h:
        return
    k0, k1, delta, sign = taps[uint32(1)], taps[uint32(2)], taps[uint32(3)], taps[uint32(4)]
    a, b = at_f32(rows, int32(y - int32(1)), x, border), at_f32(rows, y, x, border)
    c = at_f32(rows, int32(y + int32(1)), x, border)
    if smooth != int32(0):
        s = fused(b, k0, total(total(a, c), delta)) if x < v else total(total(fused(k0, b, a), c), delta)
    else:
        pair = fused(sign, a, c)
        if x < v or sign < float32(0):
            s = fused(pair, k1, fused(k0, b, delta))
        else:
            s = total(fused(pair, k1, product(b, k0)), delta)
    dst[uint32(y), uint32(x)] = s


@cuda.jit
def column_fixed(rows, dst, taps, whole_taps, above, border, v, rounding):
    """uint8 in fixed point, one thread an element: in float32 below element v, else in whole numbers, half up.

    The filtered rows are whole numbers up to 2**16 and the whole taps sum to about 2**8, so int32 holds the sum.
    """
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, n = int32(dst.shape[0]), int32(dst.shape[1])
    if x >= n or y >= h:
        return
    if x < v:
        s = column_sum_f32(rows, int32(y - above), x, taps, border, True, int32(1))
        dst[uint32(y), uint32(x)] = pixel(s, dst)
        return
    r = rounding
    for j in range(int32(0), int32(whole_taps.shape[0])):
        p = int32(at_f32(rows, int32(int32(y - above) + int32(j)), x, border))
        r = int32(r + int32(whole_taps[uint32(j)] * p))
    dst[uint32(y), uint32(x)] = uint8(min(max(int32(r >> int32(16)), int32(0)), int32(255)))


@cuda.jit(device=True)
def clamped(v):
    """An int32 within int16."""
    return int32(min(max(v, int32(-32768)), int32(32767)))


@cuda.jit
def column_whole(rows, dst, taps, above, border, v, special, early_delta, late_delta, delta):
    """Whole numbers to int16, one thread an element.

    special, below element v: 1, delta is added to the saturated sum; 2, three rows are summed in float32.
    """
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, n = int32(dst.shape[0]), int32(dst.shape[1])
    if x >= n or y >= h:
        return
    if x < v and special == int32(2):
        a, b = at_i32(rows, int32(y - int32(1)), x, border), at_i32(rows, y, x, border)
        c = at_i32(rows, int32(y + int32(1)), x, border)
        pair = float32(fused(taps[uint32(4)], a, c))
        s = fused(pair, float32(taps[uint32(2)]), fused(float32(b), float32(taps[uint32(1)]), delta))
        dst[uint32(y), uint32(x)] = pixel(s, dst)
        return
    sum32 = column_sum_i32(rows, int32(y - above), x, taps, border, True, int32(1))
    sum32 = total(clamped(sum32), early_delta) if x < v else total(sum32, late_delta)
    dst[uint32(y), uint32(x)] = int16(clamped(sum32))


def _planar_kernels(number, suffix):
    """The kernels for two-dimensional kernels with sums in one type: on tiles, and straight from the image."""

    @cuda.jit(device=True)
    def start(delta, block, weights):
        """The first sum: delta, or 0 where blocks of taps are summed by themselves and then added to it."""
        return number(0) if block < int32(weights.shape[0]) else delta

    def planar_tile(src, dst, offsets, weights, before, above, columns, cn, border, v, block, delta):
        """One block a tile of TILE_W x TILE_H elements; tap t lies offsets[t] elements behind a window's first one.

        columns: elements of a window's row beyond the first. Sums are fused below element v of a row.
        """
        tile = cuda.shared.array(TILE, number)
        h, n = int32(dst.shape[0]), int32(dst.shape[1])
        x0, y0 = int32(cuda.blockIdx.x * TILE_W), int32(cuda.blockIdx.y * TILE_H)
        for j in range(int32(cuda.threadIdx.y), int32(TILE_H + REACH_H), int32(BLOCK[1])):
            y = line(h, int32(int32(y0 - above) + int32(j)), border)
            for i in range(int32(cuda.threadIdx.x), int32(int32(TILE_W) + columns), int32(BLOCK[0])):
                e = element(n, int32(int32(x0 - before) + int32(i)), int32(TILE_W + REACH_W), cn, border)
                p = number(0)
                if y >= int32(0) and e >= int32(0):
                    p = number(src[uint32(y), uint32(e)])
                tile[uint32(int32(int32(j) * int32(PITCH)) + int32(i))] = p
        cuda.syncthreads()
        y = int32(y0 + int32(cuda.threadIdx.y))
        for i in range(int32(cuda.threadIdx.x), int32(TILE_W), int32(BLOCK[0])):
            x = int32(x0 + int32(i))
            if x < n and y < h:
                place = int32(int32(int32(cuda.threadIdx.y) * int32(PITCH)) + int32(i))
                blocks, s, left = delta, start(delta, block, weights), block
                for t in range(int32(0), int32(weights.shape[0])):
                    k, p = weights[uint32(t)], tile[uint32(place + offsets[uint32(t)])]
                    s = fused(k, p, s) if x < v else total(s, product(k, p))
                    left = int32(left - int32(1))
                    if left == int32(0) and block < int32(weights.shape[0]):
                        blocks, s, left = total(blocks, s), number(0), block
                if block < int32(weights.shape[0]):
                    s = total(blocks, s)
                dst[uint32(y), uint32(x)] = pixel(s, dst)

    def planar_image(src, dst, taps, weights, reach, cn, border, v, block, delta):
        """One thread an element; tap t lies taps[t] = (rows below, pixels to the right) of it."""
        x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
        y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
        h, n = int32(dst.shape[0]), int32(dst.shape[1])
        if x >= n or y >= h:
            return
        blocks, s, left = delta, start(delta, block, weights), block
        for t in range(int32(0), int32(weights.shape[0])):
            r = line(h, int32(y + taps[uint32(t), uint32(0)]), border)
            e = element(n, int32(x + int32(taps[uint32(t), uint32(1)] * cn)), reach, cn, border)
            p = number(0)
            if r >= int32(0) and e >= int32(0):
                p = number(src[uint32(r), uint32(e)])
            k = weights[uint32(t)]
            s = fused(k, p, s) if x < v else total(s, product(k, p))
            left = int32(left - int32(1))
            if left == int32(0) and block < int32(weights.shape[0]):
                blocks, s, left = total(blocks, s), number(0), block
        if block < int32(weights.shape[0]):
            s = total(blocks, s)
        dst[uint32(y), uint32(x)] = pixel(s, dst)

    planar_tile.__name__ = planar_tile.__qualname__ = f"planar_tile_{suffix}"
    planar_image.__name__ = planar_image.__qualname__ = f"planar_image_{suffix}"
    return cuda.jit(planar_tile), cuda.jit(planar_image)


planar_tile_f32, planar_image_f32 = _planar_kernels(float32, "f32")
planar_tile_f64, planar_image_f64 = _planar_kernels(float64, "f64")
PLANAR_TILE = {"float32": planar_tile_f32, "float64": planar_tile_f64}
PLANAR_IMAGE = {"float32": planar_image_f32, "float64": planar_image_f64}


def _grid(shape, tile):
    """Blocks that cover an image of this shape, x first."""
    return -(-shape[1] // tile[0]), -(-shape[0] // tile[1])


def sep_filter2d(gpu, src, dst, cn, kernel_x, kernel_y, anchor_x, anchor_y, delta, border):
    """Plan: the rows, then the columns; arguments as for the CPU."""
    n = src.shape[1]
    case = separable(np.dtype(src.dtype), np.dtype(dst.dtype), kernel_x, kernel_y, anchor_x, anchor_y, float(delta))
    dtype = case.row.dtype
    rows, grid = gpu.empty(src.shape, dtype), _grid(src.shape, BLOCK)
    row, column = gpu.upload(case.row), gpu.upload(case.column)
    cn, border, above = np.int32(cn), np.int32(border), np.int32(anchor_y)
    end, v = np.int32(split(n, case.row_step)), np.int32(split(n, case.column_step))
    if case.row_sign:
        sign = np.float32(case.row_sign)
        arguments = (src, rows, row, sign, cn, border, end, np.int32(case.row_special))
        gpu.launch(row_mirrored_f32, grid, BLOCK, arguments)
    else:
        arguments = (src, rows, row, np.int32(anchor_x), cn, border, end, np.int32(case.row_plain))
        gpu.launch(ROW_SUMS[dtype.name], grid, BLOCK, arguments)
    if case.kind == WHOLE:
        deltas = np.int32(case.added[0]), np.int32(case.added[1]), np.float32(case.delta)
        arguments = (rows, dst, column, above, border, v, np.int32(case.special), *deltas)
        gpu.launch(column_whole, grid, BLOCK, arguments)
    elif case.special == FIXED_REST:
        whole = gpu.upload((case.column[:-2] * np.float32(65536)).astype(np.int32))
        rounding = np.array(case.added[1] + 32768, np.int64).astype(np.int32)[()]
        gpu.launch(column_fixed, grid, BLOCK, (rows, dst, column, whole, above, border, v, rounding))
    elif case.special:
        smooth = np.int32(case.special == SMOOTH_COLUMN)
        gpu.launch(column3_f32, grid, BLOCK, (rows, dst, column, border, v, smooth))
    else:
        mirrored = np.int32(case.column_sign != 0)
        gpu.launch(COLUMN_SUMS[dtype.name], grid, BLOCK, (rows, dst, column, above, border, v, mirrored))


def filter2d(gpu, src, dst, cn, kernel, anchor_x, anchor_y, delta, border):
    """Plan: one launch; arguments as for the CPU."""
    n = src.shape[1]
    height, width = kernel.shape
    case = planar(np.dtype(src.dtype), np.dtype(dst.dtype), kernel)
    dtype = case.weights.dtype
    weights, v = gpu.upload(case.weights), np.int32(split(n, case.step))
    columns, last = (width - 1) * cn, (np.int32(cn), np.int32(border), v, np.int32(case.block), dtype.type(delta))
    if height - 1 <= REACH_H and columns <= REACH_W:
        offsets = gpu.upload((case.rows * PITCH + case.columns * cn).astype(np.int32))
        places = np.int32(anchor_x * cn), np.int32(anchor_y), np.int32(columns)
        arguments = (src, dst, offsets, weights, *places, *last)
        gpu.launch(PLANAR_TILE[dtype.name], _grid(dst.shape, (TILE_W, TILE_H)), BLOCK, arguments)
        return
    taps = np.stack([case.rows - anchor_y, case.columns - anchor_x], axis=1).astype(np.int32)
    arguments = (src, dst, gpu.upload(taps), weights, np.int32(width), *last)
    gpu.launch(PLANAR_IMAGE[dtype.name], _grid(dst.shape, BLOCK), BLOCK, arguments)
