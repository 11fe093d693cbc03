"""Distance transforms on the GPU, equal to the CPU.

A distance by chamfer masks is the length of the shortest way in steps, which two passes over the rows find one pixel
after the other; but it is also a norm of (dx, dy) that grows with both. So for every metric, the Euclidean one
included, the nearest zero of a column is enough, and a row's pixel looks at the columns on either side, nearest first,
until those farther away can't be nearer than what it has found: work in proportion to the distance. Sides below 2**20.
"""

import math

import numpy as np
from cvkit_math.distance import COSTS, UINT_MAX, farthest, has_knights
from numba import cuda, float32, int32, int64, uint32

BLOCK = (32, 8)
THREADS = 256
SCALE = 2.0**-16
NONE = 1 << 30  # along a column: no zero in it


@cuda.jit
def column_distances(src, along):
    """Distance to the nearest zero of the same column, NONE where it has none; one thread a column, down and up."""
    x = int32(cuda.blockIdx.x * THREADS + cuda.threadIdx.x)
    h = int32(src.shape[0])
    if x >= int32(src.shape[1]):
        return
    column = uint32(x)
    d = int32(NONE)
    for y in range(h):
        d = int32(0) if src[uint32(y), column] == 0 else int32(min(int32(d + int32(1)), int32(NONE)))
        along[uint32(y), column] = d
    for k in range(h):
        row = uint32(int32(h - int32(1)) - int32(k))
        d = int32(min(int32(d + int32(1)), along[row, column]))
        along[row, column] = d


@cuda.jit(device=True)
def way(dx, dy, straight, diagonal, knight):
    """Length of the shortest way over dx columns and dy rows."""
    short, long = int64(min(dx, dy)), int64(max(dx, dy))
    if knight == int32(0):
        return int64(int64(int64(long - short) * int64(straight)) + int64(short * int64(diagonal)))
    if long >= int64(short + short):
        rest = int64(long - int64(short + short))
        return int64(int64(rest * int64(straight)) + int64(short * int64(knight)))
    turned, rest = int64(int64(short + short) - long), int64(long - short)
    return int64(int64(turned * int64(diagonal)) + int64(rest * int64(knight)))


@cuda.jit
def chamfer_rows(along, dst, straight, diagonal, knight, most):
    """One thread a pixel; knight is 0 for a mask without such moves."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, w = int32(along.shape[0]), int32(along.shape[1])
    if x >= w or y >= h:
        return
    best = int64(most)
    dx = int32(0)
    while dx < w and int64(int64(dx) * int64(straight)) < best:
        if x >= dx:
            dy = along[uint32(y), uint32(int32(x - dx))]
            if dy < int32(NONE):
                best = int64(min(best, way(dx, dy, straight, diagonal, knight)))
        if int32(x + dx) < w:
            dy = along[uint32(y), uint32(int32(x + dx))]
            if dy < int32(NONE):
                best = int64(min(best, way(dx, dy, straight, diagonal, knight)))
        dx = int32(dx + int32(1))
    dst[uint32(y), uint32(x)] = float32(float32(uint32(best)) * float32(SCALE))


@cuda.jit
def euclidean_rows(along, dst, most):
    """One thread a pixel. The root of a square below 2**24 is rounded once, as on the CPU."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, w = int32(along.shape[0]), int32(along.shape[1])
    if x >= w or y >= h:
        return
    best = int64(most)
    dx = int32(0)
    while dx < w and int64(int64(dx) * int64(dx)) < best:
        square = int64(int64(dx) * int64(dx))
        if x >= dx:
            dy = int64(along[uint32(y), uint32(int32(x - dx))])
            if dy < int64(NONE):
                best = int64(min(best, int64(square + int64(dy * dy))))
        if int32(x + dx) < w:
            dy = int64(along[uint32(y), uint32(int32(x + dx))])
            if dy < int64(NONE):
                best = int64(min(best, int64(square + int64(dy * dy))))
        dx = int32(dx + int32(1))
    dst[uint32(y), uint32(x)] = math.sqrt(float32(uint32(best)))


def distance_transform(gpu, src, dst, metric):
    """Plan: one of COSTS or "precise"; columns, then rows."""
    h, w = src.shape
    along = gpu.empty((h, w), np.int32)
    gpu.launch(column_distances, (-(-w // THREADS),), (THREADS,), (src, along))
    grid = (-(-w // BLOCK[0]), -(-h // BLOCK[1]))
    if metric == "precise":
        gpu.launch(euclidean_rows, grid, BLOCK, (along, dst, np.uint32(UINT_MAX)))
        return
    costs = COSTS[metric]
    straight, diagonal, knight = costs if has_knights(costs) else (*costs[:2], 0)
    steps = np.int32(straight), np.int32(diagonal), np.int32(knight)
    gpu.launch(chamfer_rows, grid, BLOCK, (along, dst, *steps, np.uint32(farthest(costs))))
