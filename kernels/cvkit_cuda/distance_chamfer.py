"""Distances by chamfer masks on the GPU.

Such a distance is the length of the shortest way in steps, which two passes over the rows find one pixel after the
other; but it is also a norm of (dx, dy) that grows with both. So the nearest zero of a column is enough, and a row's
pixel looks at the columns on either side, nearest first, until those farther away can't be nearer than what it has
found: work in proportion to the distance. Sides below 2**20.
"""

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


@cuda.jit(device=True)
def nearest(along, x, y, straight, diagonal, knight, most):
    """Length of the way from a pixel to the nearest zero, or ``most``."""
    w = int32(along.shape[1])
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
    return uint32(best)


@cuda.jit
def chamfer_rows(along, dst, straight, diagonal, knight, most):
    """One thread a pixel; knight is 0 for a mask without such moves."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x >= int32(along.shape[1]) or y >= int32(along.shape[0]):
        return
    best = nearest(along, x, y, straight, diagonal, knight, most)
    dst[uint32(y), uint32(x)] = float32(float32(best) * float32(SCALE))
